/**
 * Which part of a pack speaks to which control: SOC 2 (AICPA TSC 2017, points of focus 2022),
 * ISO/IEC 27001:2022 Annex A, PCI DSS 4.0.1, HIPAA (45 CFR 164) and GDPR. It is a guide for whoever
 * assesses; no row says that a control is met.
 */
export type MappingRow = {
  readonly shows: string
  /** an entry of one of these types has to be there for the pack to say anything; empty = always */
  readonly types: readonly string[]
  readonly soc2: string
  readonly iso: string
  readonly pci: string
  readonly hipaa: string
  readonly gdpr: string
}

export const mapping: readonly MappingRow[] = [
  {
    shows: 'Access was asked for with a reason and approved by somebody else beforehand',
    types: ['approval.recorded', 'elevation.denied', 'elevation.approved'],
    soc2: 'CC6.1, CC6.2, CC6.3',
    iso: 'A.5.3, A.5.15, A.5.18, A.8.2',
    pci: '7.2.2, 7.2.3',
    hipaa: '164.308(a)(3)(ii)(A), 164.308(a)(4)(ii)(B)',
    gdpr: 'Art. 5(1)(b), 32(1)(b), 32(4)'
  },
  {
    shows: 'It was limited to named tables and columns, and to a length of time',
    types: ['elevation.requested', 'issue.intent'],
    soc2: 'CC6.1, CC6.3',
    iso: 'A.8.2, A.8.3',
    pci: '7.2.1, 7.2.2, 7.2.6',
    hipaa: '164.312(a)(1), 164.502(b)',
    gdpr: 'Art. 5(1)(c), 25(2)'
  },
  {
    shows: 'It was removed again, and AWS was seen to refuse the session afterwards',
    types: ['access.removed', 'session.denied', 'elevation.ended'],
    soc2: 'CC6.2, CC6.3',
    iso: 'A.5.18',
    pci: '7.2.2',
    hipaa: '164.308(a)(3)(ii)(C), 164.312(a)(2)(iii)',
    gdpr: 'Art. 25(2), 32(1)(b)'
  },
  {
    shows: 'Each act has one person behind it',
    types: ['elevation.requested', 'approval.recorded', 'session.vended'],
    soc2: 'CC6.1',
    iso: 'A.5.16, A.8.5',
    pci: '8.2.1, 10.2.2',
    hipaa: '164.312(a)(2)(i), 164.312(d)',
    gdpr: 'Art. 32(1)(b), 32(4)'
  },
  {
    shows: 'What was read is recorded, and so is what was refused',
    types: ['query.allowed', 'query.refused', 'attempt.refused', 'session.vended'],
    soc2: 'CC7.2, CC7.3',
    iso: 'A.8.15, A.8.16',
    pci: '10.2.1, 10.2.1.1, 10.2.1.4',
    hipaa: '164.312(b), 164.308(a)(1)(ii)(D)',
    gdpr: 'Art. 5(2), 30 (as a source), 32(1)(d)'
  },
  {
    shows: 'The record cannot be changed unnoticed, given a key and checkpoints kept elsewhere',
    types: [],
    soc2: 'CC7.2',
    iso: 'A.5.28, A.8.15',
    pci: '10.3.2, 10.3.4',
    hipaa: '164.312(c)(1), 164.312(c)(2)',
    gdpr: 'Art. 5(1)(f), 5(2)'
  },
  {
    shows: 'Which policy decided, and when it changed',
    types: ['elevation.requested', 'policy.changed', 'policy.refused'],
    soc2: 'CC5.3, CC8.1',
    iso: 'A.5.1, A.8.32',
    pci: '6.5.1, 7.1.1',
    hipaa: '164.308(a)(4)(i), 164.316(b)(1)',
    gdpr: 'Art. 25(1), 32(1)(d)'
  },
  {
    shows: 'Emergency access was told at once and reviewed by somebody else',
    types: ['breakglass.used', 'breakglass.reviewed'],
    soc2: 'CC6.1, CC7.4',
    iso: 'A.5.26, A.8.2',
    pci: '7.2.3, 12.10.5',
    hipaa: '164.312(a)(2)(ii)',
    gdpr: 'Art. 32(1)(c)'
  },
  {
    shows: 'Personal data were erased, and the record of it stays',
    types: ['pii.erased'],
    soc2: 'P4.3',
    iso: 'A.5.34, A.8.10',
    pci: '–',
    hipaa: '164.310(d)(2)(i)',
    gdpr: 'Art. 5(1)(e), 17'
  }
]

/** The rows that entries of these types say something to. */
export const speaksTo = (types: ReadonlySet<string>): readonly MappingRow[] =>
  mapping.filter((row) => row.types.length === 0 || row.types.some((type) => types.has(type)))

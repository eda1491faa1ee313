/** `posture report`: a judged snapshot with figures, for people and for other tools. */
import { writeFile } from 'node:fs/promises'
import { type Report, reportOf } from '../posture/report.ts'
import { reportAsff } from '../posture/report-asff.ts'
import { reportCsv } from '../posture/report-csv.ts'
import { reportHtml } from '../posture/report-html.ts'
import { reportJson } from '../posture/report-json.ts'
import { reportOcsf } from '../posture/report-ocsf.ts'
import type { Facts } from '../posture/facts.ts'
import { type ExitCode, exits } from './exit.ts'
import type { ReportFormat } from './posture-formats.ts'
import { type SceneOptions, factsIn, sceneFrom } from './posture-scene.ts'
import { printReport } from './posture-table.ts'
import { useIn } from './posture-use.ts'
import { type Terminal, plain } from './terminal.ts'

export type ReportOptions = SceneOptions & {
  readonly file: string
  readonly format: ReportFormat
  readonly out?: string
  readonly since: readonly string[]
  /** what `reconcile --use --json` wrote */
  readonly use?: string
}

/** Exit 0 when it is written, 2 for a bad file, 78 for bad policies. Findings are its content. */
export const postureReport = async (to: Terminal, options: ReportOptions): Promise<ExitCode> => {
  const scene = await sceneFrom(to, options)
  if (typeof scene === 'number') return scene
  const facts = await factsIn(to, options.file)
  if (facts === null) return exits.usage
  const earlier: Facts[] = []
  for (const file of options.since) {
    const before = await factsIn(to, file)
    if (before === null) return exits.usage
    if (before.at >= facts.at) {
      to.err(plain(`--since ${file} is not earlier than ${options.file}`))
      return exits.usage
    }
    earlier.push(before)
  }
  const use = options.use === undefined ? null : await useIn(to, options.use)
  if (use === 'bad') return exits.usage
  const report = reportOf(facts, scene, { earlier, use })
  return write(to, options, report)
}

const write = async (
  to: Terminal,
  { out, format }: ReportOptions,
  report: Report
): Promise<ExitCode> => {
  const text = textOf(to, report, to.json ? 'json' : format)
  if (out === undefined) {
    to.out(text.replace(/\r?\n$/, ''))
    return exits.done
  }
  try {
    await writeFile(out, text, { mode: 0o600 })
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : null
    if (code === null) throw cause
    to.err(plain(`cannot write ${out} (${code})`))
    return exits.usage
  }
  return exits.done
}

const textOf = (to: Terminal, report: Report, format: ReportFormat): string => {
  switch (format) {
    case 'table': {
      const lines: string[] = []
      printReport({ ...to, out: (line) => void lines.push(line) }, report)
      return `${lines.join('\n')}\n`
    }
    case 'json':
      return reportJson(report)
    case 'csv':
      return reportCsv(report)
    case 'html':
      return reportHtml(report)
    case 'asff':
      return reportAsff(report)
    case 'ocsf':
      return reportOcsf(report)
  }
}

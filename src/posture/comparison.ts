/**
 * What public rules see of what ours find, as a Markdown table made from the rules themselves.
 * Prowler's checks and AWS Config's managed rules by their own names; "part" where theirs passes
 * something that ours does not.
 */
import type { Kind } from './finding.ts'
import { ruleRows } from './rules.ts'
import type { Seen } from './rule.ts'

/** The table, one row per rule, with a line end. */
export const comparisonTable = (): string => {
  const rows = ruleRows.map(({ code, judges, severity, elsewhere, title, seenBy }) =>
    [
      `\`${code}\``,
      judges,
      elsewhere === null || elsewhere === severity
        ? severity
        : `${severity}, ${elsewhere} elsewhere`,
      title,
      seen(seenBy.prowler),
      seen(seenBy.config)
    ].join(' | ')
  )
  return [
    '| finding | of a | severity | what it says | Prowler | AWS Config |',
    '|---|---|---|---|---|---|',
    ...rows.map((row) => `| ${row} |`),
    ''
  ].join('\n')
}

/** How many of the findings on each kind of resource they see, all or in part; with a line end. */
export const comparisonSummary = (): string => {
  const rows = summarised.map((kinds) => {
    const own = ruleRows.filter(({ judges }) => kinds.includes(judges))
    const seenOf = (by: 'prowler' | 'config'): number =>
      own.filter(({ seenBy }) => seenBy[by] !== null).length
    return `| ${kinds.join(', ')} | ${own.length} | ${seenOf('prowler')} | ${seenOf('config')} |`
  })
  return [
    '| findings on a | `sallyport posture` | of these Prowler sees | AWS Config sees |',
    '|---|---|---|---|',
    ...rows,
    ''
  ].join('\n')
}

const summarised: readonly (readonly Kind[])[] = [
  ['workgroup'],
  ['key'],
  ['role'],
  ['bucket'],
  ['table', 'target', 'gap']
]

const seen = (one: Seen | null): string => {
  if (one === null) return '–'
  return one.sees === 'all' ? `\`${one.rule}\`` : `\`${one.rule}\` (part)`
}

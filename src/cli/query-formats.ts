/** How rows are printed; apart, so that reading the command line loads nothing else. */
export const formats = ['table', 'json', 'csv'] as const
export type Format = (typeof formats)[number]

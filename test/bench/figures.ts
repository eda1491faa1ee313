/** One figure as a JSON line: what was measured, beside what, and the target it has to meet. */
export type Figure = {
  readonly figure: string
  readonly value: number
  readonly unit: string
  readonly target: string
  readonly ok: boolean
  readonly beside?: Readonly<Record<string, number>>
}

export const print = (figure: Figure): void => {
  process.stdout.write(`${JSON.stringify(figure)}\n`)
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

export const rounded = (value: number, digits = 2): number => Number(value.toFixed(digits))

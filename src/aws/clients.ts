/** One client per service and region, made on first use and closed together. */

export type Client = { destroy(): void }

/** A cache of clients by region. */
export const perRegion = <C extends Client>(
  make: (region: string) => C
): { readonly in: (region: string) => C; readonly close: () => void } => {
  const made = new Map<string, C>()
  return {
    in: (region) => {
      const known = made.get(region)
      if (known) return known
      const client = make(region)
      made.set(region, client)
      return client
    },
    close: () => {
      for (const client of made.values()) client.destroy()
      made.clear()
    }
  }
}

/** The region an ARN names; throws where it names none. */
export const regionOf = (arn: string): string => {
  const region = arn.split(':')[3]
  if (!region) throw new Error('an ARN without a region')
  return region
}

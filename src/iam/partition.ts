/**
 * AWS partitions: aws, aws-cn (China) and aws-us-gov (GovCloud). Others are refused, and so is a
 * Region that belongs to another partition.
 * Source: AWS General Reference, "Amazon Resource Names"; Regions of each partition.
 */
export type Partition = 'aws' | 'aws-cn' | 'aws-us-gov'

const partitions: readonly Partition[] = ['aws', 'aws-cn', 'aws-us-gov']

const regionForm = /^[a-z]{2}(?:-[a-z]+)+-[1-9][0-9]?$/

/** The partition an ARN names; null when it is no ARN or of a partition not supported. */
export const partitionOf = (arn: string): Partition | null => {
  const [prefix, name] = arn.split(':')
  if (prefix !== 'arn') return null
  return partitions.find((partition) => partition === name) ?? null
}

/** Whether a Region is one of the partition: `cn-`, `us-gov-` or others; isolated ones never. */
export const regionFits = (partition: Partition, region: string): boolean => {
  if (!regionForm.test(region) || /^(?:[a-z]+-iso|eusc-)/.test(region)) return false
  return partitionOfRegion(region) === partition
}

/** Suffix of service endpoints, as in `kms:ViaService`; China's was not tried on live AWS. */
export const dnsSuffix = (partition: Partition): string =>
  partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com'

const partitionOfRegion = (region: string): Partition => {
  if (region.startsWith('cn-')) return 'aws-cn'
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'
}

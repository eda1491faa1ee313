/** What the broker's watch judges: a snapshot, and what KMS says of grants on the keys in it. */
import type { AwsSettings } from './answer.ts'
import { type CollectAsk, type Collected, collectFacts } from './posture.ts'
import { withDryRuns } from './posture-preflight.ts'

/** Never throws for what AWS answers or does not. */
export const collectSnapshot = async (
  settings: AwsSettings,
  ask: CollectAsk & { readonly brokerRoleArn: string }
): Promise<Collected> => {
  const collected = await collectFacts(settings, ask)
  if (!collected.ok) return collected
  return { ok: true, facts: await withDryRuns(settings, collected.facts, ask) }
}

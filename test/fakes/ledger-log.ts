/** A log in which every entry is included at once, and which has no files. */
import type { LedgerLog } from '../../src/ports.ts'

export const alwaysIncluded: LedgerLog = {
  key: 'example.com/log+5b90e7f1+AZikwvDHFN0tt6qVtbxVR5JCzF8qTFVnIjSo0rCLrX2b',
  checkpoint: async () => {
    throw new Error('there is no checkpoint')
  },
  file: async () => null,
  included: async () => {}
}

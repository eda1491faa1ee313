/** Locks the keys of people by a key that every test knows. */
import { wrapUnder } from '../../src/store/personal-key.ts'

export const testWrap = wrapUnder(new Uint8Array(32).fill(5))

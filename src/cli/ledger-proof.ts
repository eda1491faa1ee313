/**
 * `ledger proof`: one file that proves one entry offline (C2SP tlog-proof): of an entry by its
 * index, of an elevation its last. It is printed byte for byte, to be kept beside a ticket.
 */
import { textOf } from '../ledger/bytes.ts'
import { parseProofFile } from '../ledger/proof-file.ts'
import { type FileApi, tell } from './api.ts'
import { type ExitCode, exits } from './exit.ts'
import type { Terminal } from './terminal.ts'

/** Exit 0 with the file on stdout, the refusal's code otherwise. */
export const ledgerProof = async (api: FileApi, to: Terminal, id: string): Promise<ExitCode> => {
  const answer = await api.bytes(`/v1/ledger/proof/${encodeURIComponent(id)}`)
  if (!answer.ok) return tell(to, answer)
  const text = textOf(answer.bytes)
  const file = parseProofFile(answer.bytes)
  if (text === null || file === null) {
    const detail = 'The broker answered with something that is no proof.'
    const problem = { code: 'proof_malformed', title: 'No proof', detail }
    return tell(to, { ok: false, exit: exits.refused, problem })
  }
  to.out(
    to.json ? JSON.stringify({ index: String(file.index), proof: text }) : text.replace(/\n$/, '')
  )
  return exits.done
}

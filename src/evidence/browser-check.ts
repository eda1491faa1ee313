/**
 * The check that an evidence pack carries: it runs when the file is opened, with the key in the
 * file, and again with a key that is pasted. It says what each of the two shows, and compares what
 * the file shows with what its data say. Nothing is imported from a server; nothing is sent.
 */
import { webPrimitives } from '../ledger/web-primitives.ts'
import { type Checked, checkPack } from './check.ts'
import { contentOf } from './content.ts'
import { parsePack } from './pack.ts'
import type { Pack } from './pack-types.ts'

type Place = {
  textContent: string | null
  className: string
  value?: string
  append(...more: Place[]): void
  replaceChildren(...more: Place[]): void
  addEventListener(type: string, hear: (event: { preventDefault(): void }) => void): void
}

declare const document: {
  getElementById(id: string): Place | null
  createElement(name: string): Place
  querySelectorAll(
    selector: string
  ): Iterable<Place & { readonly dataset: { readonly index?: string } }>
}
declare const DOMParser: new () => {
  parseFromString(text: string, type: 'text/html'): { readonly body: Place }
}
declare const crypto: {
  readonly subtle: Parameters<typeof webPrimitives>[0] & { importKey: unknown }
}

const line = (name: string, text: string, tone = ''): Place => {
  const made = document.createElement(name)
  made.textContent = text
  made.className = tone
  return made
}

const say = (...lines: readonly Place[]): void =>
  document.getElementById('result')?.replaceChildren(...lines)

const readHere = (): Pack | null => {
  try {
    return parsePack(JSON.parse(document.getElementById('pack')?.textContent ?? ''))
  } catch {
    return null
  }
}

/** Whether the text that is shown is the one that the data make. */
const isShownSo = (pack: Pack): boolean => {
  const fresh = new DOMParser().parseFromString(contentOf(pack).markup, 'text/html').body
  for (const verdict of document.querySelectorAll('.verdict')) verdict.textContent = ''
  const shown = document.getElementById('content')?.textContent ?? ''
  return shown.trim() === (fresh.textContent ?? '').trim()
}

const mark = ({ faults, proved }: Checked): void => {
  const bad = new Set(faults.map(({ index }) => index))
  for (const verdict of document.querySelectorAll('.verdict')) {
    const isBad = proved === 0 || bad.has(Number(verdict.dataset.index))
    verdict.textContent = isBad ? 'not proved' : 'proved'
    verdict.className = `verdict ${isBad ? 'bad' : 'good'}`
  }
}

const tell = (
  checked: Checked,
  { isPinned, isShown }: { readonly isPinned: boolean; readonly isShown: boolean }
): void => {
  const { faults, proved, entries, opened, erased, head } = checked
  const list = document.createElement('ul')
  for (const { index, code, detail } of faults.slice(0, 20)) {
    list.append(
      line('li', `${index === null ? 'The file' : `Entry ${index}`}: ${detail} (${code})`, 'bad')
    )
  }
  if (faults.length > 20) list.append(line('li', `and ${faults.length - 20} more`, 'bad'))
  if (!isShown) {
    list.append(
      line(
        'li',
        'What this file shows is not what its data say: read the data. (shown_otherwise)',
        'bad'
      )
    )
  }
  if (faults.length > 0 || !isShown) {
    say(line('p', 'This file does not check.', 'bad'), list)
    return
  }
  const whose = isPinned ? 'the key that you gave' : 'the key in this file'
  const values =
    opened + erased === 0
      ? ''
      : ` ${opened} values fit their commitments; ${erased} were erased lawfully.`
  say(
    line(
      'p',
      `All ${proved} of ${entries} entries are in the tree of ${head?.size ?? 0} entries signed by ${whose}.${values}`,
      'good'
    ),
    line(
      'p',
      isPinned
        ? 'So these are entries of the ledger whose key you know. Whether any is left out, an export of the whole ledger shows.'
        : 'That shows only that the file agrees with itself: give the key as you know it from elsewhere.'
    )
  )
}

const run = async (pack: Pack, key: string | null): Promise<void> => {
  say(line('p', 'Checking…'))
  const by = webPrimitives(crypto.subtle)
  const isShown = isShownSo(pack)
  if (!(await knowsEd25519())) {
    say(
      line(
        'p',
        'This browser cannot check Ed25519 signatures. Use: sallyport evidence --verify FILE --key KEY',
        'bad'
      )
    )
    return
  }
  const checked = await checkPack(pack, key ?? pack.key, by)
  mark(checked)
  tell(checked, { isPinned: key !== null, isShown })
}

/** The public key of RFC 8032, section 7.1, test 1. */
const anyKey = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'

const knowsEd25519 = async (): Promise<boolean> => {
  try {
    const bytes = Uint8Array.from(anyKey.match(/../g) ?? [], (pair) => parseInt(pair, 16))
    await crypto.subtle.importKey('raw', bytes, 'Ed25519', false, ['verify'])
    return true
  } catch {
    return false
  }
}

const pack = readHere()
if (pack === null) {
  say(
    line(
      'p',
      'The data of this file are damaged: they are no evidence pack. (pack_malformed)',
      'bad'
    )
  )
} else {
  document.getElementById('check-form')?.addEventListener('submit', (event) => {
    event.preventDefault()
    const key = document.getElementById('key')?.value ?? ''
    void run(pack, key.trim() === '' ? null : key)
  })
  void run(pack, null)
}

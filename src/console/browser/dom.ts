/**
 * The little of a browser that our scripts use (html.spec.whatwg.org, dom.spec.whatwg.org), as
 * types: the server's own types have no page. No member takes markup, so that none can be set.
 */
export type Target = {
  addEventListener: (type: string, heard: (event: Happened) => void) => void
}

export type Happened = {
  readonly target: unknown
  readonly preventDefault: () => void
  readonly defaultPrevented: boolean
  readonly persisted?: boolean
}

export type Element = Target & {
  readonly dataset: Readonly<Record<string, string | undefined>>
  textContent: string | null
  className: string
  hidden: boolean
  title: string
  getAttribute: (name: string) => string | null
  setAttribute: (name: string, value: string) => void
  removeAttribute: (name: string) => void
  append: (...children: readonly (Element | string)[]) => void
  replaceChildren: (...children: readonly (Element | string)[]) => void
  querySelector: (selector: string) => Element | null
  querySelectorAll: (selector: string) => Iterable<Element>
  remove: () => void
}

/** A form control; which of its members mean something depends on what it is. */
export type Control = Element & {
  value: string
  /** as the page came; a select or a button has none */
  readonly defaultValue?: string
  checked: boolean
  disabled: boolean
  readonly name: string
  readonly type: string
  focus: () => void
  setSelectionRange: (from: number, to: number) => void
}

export type Form = Element & { readonly elements: Iterable<Control> }

export type Page = Target & {
  readonly visibilityState: string
  readonly activeElement: Element | null
  querySelector: (selector: string) => Element | null
  querySelectorAll: (selector: string) => Iterable<Element>
  createElement: (name: string) => Element
}

export type Place = { readonly pathname: string; readonly reload: () => void }

export type Kept = {
  getItem: (key: string) => string | null
  setItem: (key: string, value: string) => void
  removeItem: (key: string) => void
}

/** Its constructor is the browser's `EventSource`. */
export type Stream = Target & { close: () => void }

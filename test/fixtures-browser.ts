/**
 * Debian's Chromium for tests: what it says of scripts, policies and other origins is collected. On
 * CI it has to be there; elsewhere a missing one is said and the tests of pages are left out.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, type BrowserContext, type Page, chromium } from 'playwright-core'
import { root } from './place.ts'

const executablePath = '/usr/bin/chromium'
const screens = join(root, 'test/console/screens')
const axe = readFileSync(join(root, 'node_modules/axe-core/axe.min.js'), 'utf8')

/** Null where there is none; throws on CI. */
export const startBrowser = async (): Promise<Browser | null> => {
  if (!existsSync(executablePath)) {
    if (process.env['CI'] === 'true') throw new Error(`${executablePath} is missing, and CI needs it`)
    console.error(`\n*** ${executablePath} is missing: NO PAGE IS TESTED IN A BROWSER ***\n`)
    return null
  }
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-lcd-text', '--font-render-hinting=none'] })
}

export type Watched = {
  readonly page: Page
  readonly context: BrowserContext
  /** console errors, violations of the policy, and requests to anywhere but these origins */
  readonly complaints: readonly string[]
}

/** A page of a browser of its own, watched. */
export const openPage = async (
  browser: Browser,
  origins: readonly string[],
  options: Parameters<Browser['newContext']>[0] = {}
): Promise<Watched> => {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    timezoneId: 'Europe/Berlin',
    ...options
  })
  const page = await context.newPage()
  page.setDefaultTimeout(25_000)
  const complaints: string[] = []
  page.on('console', (message) => {
    const { url } = message.location()
    if (message.type() === 'error' && !expected(message.text())) complaints.push(`${message.text()} (${url})`)
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('request', (request) => {
    const url = new URL(request.url())
    if (url.protocol !== 'data:' && !origins.includes(url.origin)) complaints.push(`request to ${url.href}`)
  })
  return { page, context, complaints }
}

/** Chromium writes a line for each answer that is a refusal, which pages may be. */
const expected = (text: string): boolean =>
  /^Failed to load resource: the server responded with a status of 4\d\d/.test(text)

/** Serious and critical findings of axe-core, as sentences: all rules in light, contrast in dark. */
export const axeFindings = async (page: Page): Promise<readonly string[]> => {
  // past the page's own policy, which would not let it in
  const session = await page.context().newCDPSession(page)
  await session.send('Runtime.evaluate', { expression: axe })
  const run = async (options: object): Promise<readonly string[]> => {
    const { result } = await session.send('Runtime.evaluate', {
      expression: `axe.run(document, ${JSON.stringify({ resultTypes: ['violations'], ...options })}).then(({ violations }) =>
        JSON.stringify(violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
          .map(({ id, nodes }) => id + ': ' + nodes.slice(0, 3).map((one) => one.html.slice(0, 160) + ' ' + one.failureSummary.slice(0, 200)).join(' | '))))`,
      awaitPromise: true
    })
    const found: unknown = JSON.parse(String(result.value))
    return Array.isArray(found) ? found.map(String) : ['axe did not run']
  }
  const light = await run({})
  await page.emulateMedia({ colorScheme: 'dark' })
  const dark = await run({ runOnly: ['color-contrast'] })
  await page.emulateMedia({ colorScheme: 'light' })
  await session.detach()
  return [...light, ...dark.map((one) => `dark: ${one}`)]
}

/** At which of the least and the greatest width something hangs over the right edge, and by how much. */
export const overhangs = async (page: Page): Promise<readonly string[]> => {
  const before = page.viewportSize()
  const found: string[] = []
  for (const width of [320, 1600]) {
    await page.setViewportSize({ width, height: 800 })
    const over = Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'))
    if (over > 0) found.push(`${over} at ${width}`)
  }
  if (before !== null) await page.setViewportSize(before)
  return found
}

/** `NAME-light.png` and `NAME-dark.png` of what is to be seen. */
export const shoot = async (page: Page, name: string): Promise<void> => {
  mkdirSync(screens, { recursive: true })
  // once the page's script has put moments into the reader's zone
  const inUtc = "[...document.querySelectorAll('time[datetime]')].some(({ textContent }) => / UTC$/.test(textContent))"
  for (let tries = 0; tries < 20 && (await page.evaluate(inUtc)) === true; tries++) {
    await page.waitForTimeout(50)
  }
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await page.screenshot({ path: join(screens, `${name}-${colorScheme}.png`) })
  }
  await page.emulateMedia({ colorScheme: 'light' })
}

/** The console as somebody in front of it has it: Debian's Chromium, both schemes, and no mouse. */
import t from 'tap'
import { axeFindings, openPage, overhangs, shoot, startBrowser } from './fixtures-browser.ts'
import { startConsole, visitor } from './fixtures-console.ts'

const browser = await startBrowser()
if (browser !== null) t.teardown(() => browser.close())

const hostile = '<img src=x onerror="alert(1)"> "><script>alert(2)</script> {{7*7}} because of a ring'
const reason = 'Suspected ring around broker 4711: the same bank account behind several claimants'

if (browser !== null) {
  const scene = await startConsole(t)
  const origins = [scene.origin, new URL(scene.sandbox.issuer).origin]
  const asPerson = async (person: string, options = {}) => {
    const watched = await openPage(browser, origins, options)
    const who = visitor(scene.origin)
    await who.signIn(person)
    const value = who.cookies.get('sallyport') ?? ''
    await watched.context.addCookies([{ name: 'sallyport', value, url: scene.origin }])
    await watched.page.goto(`${scene.origin}/console`)
    return watched
  }

  await t.test('the journey: ask, approve after signing in again, query, end', async (t) => {
    const { page, complaints } = await openPage(browser, origins)
    await page.goto(`${scene.origin}/console`)
    await shoot(page, 'sign-in')
    t.strictSame(await axeFindings(page), [], 'sign-in')
    await page.getByRole('link', { name: /Sign in with/ }).click()
    await shoot(page, 'sandbox-sign-in')
    await page.getByRole('link', { name: 'alice' }).click()
    await page.waitForURL(`${scene.origin}/console`)
    await shoot(page, 'access-empty')
    t.strictSame(await axeFindings(page), [], 'my access')

    await page.getByRole('link', { name: 'Ask claims-pii' }).click()
    await page.getByLabel('For how long').fill('9h')
    await page.getByLabel('Why').fill('too short')
    // what was typed before the script was there has been previewed by itself
    const tooLong = page.locator('#preview.bad, #preview.warn', { hasText: /9h|4h/ })
    await tooLong.waitFor()
    t.ok(await tooLong.isVisible())
    await page.getByLabel('For how long').fill('1h')
    await page.getByLabel('Why').fill(reason)
    await page.getByLabel('Ticket').fill('CLM-20417')
    await page.locator('#preview.good').waitFor()
    t.match(await page.locator('#preview').textContent(), /bob/)
    await shoot(page, 'ask')
    t.strictSame(await axeFindings(page), [], 'ask')
    await page.getByRole('button', { name: 'Send the ask' }).click()
    await page.getByRole('heading', { name: 'Access to claims-pii' }).waitFor()
    t.match(await page.locator('main').textContent(), reason)
    await shoot(page, 'elevation-pending')
    t.strictSame(await axeFindings(page), [], 'elevation')

    const approver = await asPerson('bob')
    const bob = approver.page
    scene.advance(6 * 60)
    await bob.getByRole('link', { name: 'Approvals' }).click()
    await shoot(bob, 'approvals')
    t.strictSame(await axeFindings(bob), [], 'approvals')
    await bob.getByRole('link', { name: /Look and decide/ }).click()
    await bob.getByRole('link', { name: 'Sign in again to approve' }).waitFor()
    await shoot(bob, 'decide-step-up')
    await bob.getByRole('link', { name: 'Sign in again to approve' }).click()
    await bob.getByRole('link', { name: 'bob' }).click()
    await bob.getByRole('button', { name: 'Approve' }).waitFor()
    await shoot(bob, 'decide')
    t.strictSame(await axeFindings(bob), [], 'decide')
    await bob.getByRole('button', { name: 'Approve' }).click()
    await bob.locator('main .state', { hasText: 'approved' }).first().waitFor()

    await page.getByRole('button', { name: 'Start now' }).click()
    await page.locator('main .state', { hasText: 'active' }).first().waitFor()
    await shoot(page, 'elevation-active')
    t.strictSame(await axeFindings(page), [], 'active')
    await page.getByRole('link', { name: 'Query', exact: true }).click()
    await page.getByLabel('SQL').fill('SELECT ssn FROM claims.customers LIMIT 5')
    await page.locator('#verdict.bad mark').waitFor()
    await shoot(page, 'query-refused')
    t.strictSame(await axeFindings(page), [], 'query refused')
    await page.getByLabel('SQL').fill('SELECT state, count(*) AS customers FROM claims.customers GROUP BY state ORDER BY 2 DESC LIMIT 20')
    await page.locator('#verdict.good').waitFor()
    await page.getByRole('button', { name: 'Run' }).click()
    await page.waitForURL(/queries/)
    await page.getByRole('table').waitFor({ timeout: 60_000 })
    await shoot(page, 'query-rows')
    t.strictSame(await axeFindings(page), [], 'rows')
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'All rows as CSV' }).click()
    ])
    t.match(download.suggestedFilename(), /\.csv$/)
    await page.getByRole('link', { name: 'To the elevation' }).click()
    await page.getByRole('link', { name: /End it now/ }).click()
    await shoot(page, 'end')
    t.strictSame(await axeFindings(page), [], 'end')
    await page.getByRole('button', { name: 'End it now' }).click()
    await page.locator('main .state', { hasText: 'ended' }).first().waitFor()
    await shoot(page, 'elevation-ended')
    await page.getByRole('link', { name: 'My access' }).click()
    await shoot(page, 'access')
    await page.getByRole('link', { name: 'Your sessions' }).click()
    await shoot(page, 'sessions')
    t.strictSame(await axeFindings(page), [], 'sessions')
    t.strictSame([...complaints, ...approver.complaints], [])
    await approver.context.close()
  })

  await t.test('a keyboard is enough, and one sees where it is', async (t) => {
    const { page, context, complaints } = await asPerson('dave')
    const press = async (to: (text: string) => boolean): Promise<void> => {
      for (let n = 0; n < 60; n++) {
        await page.keyboard.press('Tab')
        const at = await page.evaluate("(document.activeElement?.textContent || document.activeElement?.getAttribute('name') || '').trim()")
        if (to(String(at))) return
      }
      t.fail('the keyboard does not get there')
    }
    await page.keyboard.press('Tab')
    t.equal(await page.evaluate('document.activeElement?.textContent'), 'Skip to content')
    await page.keyboard.press('Enter')
    await press((text) => text === 'Ask payments-pii')
    const outline = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')
    t.equal(outline, 'solid')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Ask for payments-pii' }).waitFor()
    await press((text) => text === 'reason')
    await page.keyboard.type(hostile)
    await press((text) => text === 'ticket')
    await page.keyboard.type('CLM-77')
    await press((text) => text === 'Send the ask')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Access to payments-pii' }).waitFor()
    t.match(await page.locator('main').textContent(), hostile, 'what was typed is text')
    t.equal(await page.locator('main img, main script').count(), 0)
    t.strictSame(complaints, [])

    await page.goBack()
    await page.getByRole('button', { name: 'Send the ask' }).waitFor()
    await page.goto(`${scene.origin}/console`)
    t.equal(await page.getByRole('article').filter({ hasText: 'waiting' }).count(), 1, 'sent twice')
    await context.close()
  })

  await t.test('two tabs: what one does is seen in the other by itself', async (t) => {
    const { page, context, complaints } = await asPerson('dave')
    const other = await context.newPage()
    await other.goto(`${scene.origin}/console`)
    await page.getByRole('link', { name: /Withdraw/ }).click()
    await page.getByRole('button', { name: 'Withdraw it' }).click()
    await page.locator('main .state', { hasText: 'withdrawn' }).first().waitFor()
    await other.getByText('You hold nothing').waitFor()
    t.strictSame(complaints, [])
    await context.close()
  })

  await t.test('a session that ends in the middle of a form loses nothing that was typed', async (t) => {
    const { page, context } = await asPerson('alice')
    await page.goto(`${scene.origin}/console/ask?target=payments-pii`)
    await page.getByLabel('Why').fill('a long and considered reason')
    scene.advance(31 * 60)
    await page.getByRole('button', { name: 'Send the ask' }).click()
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor()
    t.match(await page.locator('main').textContent(), 'a long and considered reason')
    await shoot(page, 'session-over')
    await page.getByRole('link', { name: 'Sign in again' }).click()
    await page.getByRole('link', { name: /Sign in with/ }).click()
    await page.getByRole('link', { name: 'alice' }).click()
    await page.goto(`${scene.origin}/console/ask?target=payments-pii`)
    t.equal(await page.getByLabel('Why').inputValue(), 'a long and considered reason')
    await context.close()
  })

  await t.test('from 320 to 1600 pixels nothing hangs over, and without scripts all is there', async (t) => {
    const bob = await asPerson('bob')
    for (const path of ['/console', '/console/approvals', '/console/nothing']) {
      await bob.page.goto(`${scene.origin}${path}`)
      t.strictSame(await overhangs(bob.page), [], `${path} hangs over`)
    }
    await bob.page.setViewportSize({ width: 320, height: 640 })
    await bob.page.goto(`${scene.origin}/console/approvals`)
    await shoot(bob.page, 'narrow')
    await bob.context.close()
    const { page, context } = await asPerson('alice', { javaScriptEnabled: false })
    await page.getByRole('link', { name: 'Ask claims-pii' }).click()
    await page.getByLabel('Why').fill('because of a fraud ring')
    await page.getByLabel('Ticket').fill('CLM-3')
    await page.getByRole('button', { name: 'Preview' }).click()
    t.match(await page.locator('#preview').textContent(), 'Will be asked')
    t.equal(await page.getByLabel('Why').inputValue(), 'because of a fraud ring')
    t.match(await page.locator('main').textContent(), 'claims-investigation')
    await context.close()
  })
}

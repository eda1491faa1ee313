/** Every handler there is; the manifest asks Slack for exactly these. */
import { askHandlers } from './ask.ts'
import { commandHandlers } from './command.ts'
import { decisionHandlers } from './decisions.ts'
import { extendHandlers } from './extend.ts'
import type { Handler } from './handler.ts'
import { homeHandlers } from './home.ts'

export const handlers: readonly Handler[] = [
  ...commandHandlers,
  ...askHandlers,
  ...decisionHandlers,
  ...extendHandlers,
  ...homeHandlers
]

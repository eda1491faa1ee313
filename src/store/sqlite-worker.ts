/** The thread that owns the SQLite connection: opens the file, answers groups, and closes it. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { packAnswers, unpack } from './packed.ts'
import type { Boot, Command, Reply } from './sqlite.ts'
import { failure, openDatabase } from './sqlite-database.ts'
import { groupsOn } from './sqlite-session.ts'

const start = (port: MessagePort, boot: Boot): void => {
  const reply = (answers: Reply): void => port.postMessage(packAnswers(answers))
  try {
    const db = openDatabase(boot)
    const answerGroup = groupsOn(db)
    port.on('message', (command: Command) => {
      if (command !== 'close') return reply(answerGroup(unpack(command)))
      db.close()
      port.close()
    })
    reply([])
  } catch (error) {
    reply([failure(error)])
  }
}

if (parentPort) start(parentPort, workerData)

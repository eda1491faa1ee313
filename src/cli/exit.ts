/**
 * The CLI's exit codes (contracts: 0 done, 1 refused or found wanting, 2 wrong usage, 69 a service
 * it needs is unavailable, 78 bad configuration; sysexits.h names the last two), and what a shell
 * expects after Ctrl-C.
 */
export const exits = {
  done: 0,
  refused: 1,
  usage: 2,
  unavailable: 69,
  config: 78,
  interrupted: 130
} as const

export type ExitCode = (typeof exits)[keyof typeof exits]

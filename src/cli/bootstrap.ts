/**
 * `bootstrap`: the AWS side of the configured targets, ready to apply, as CloudFormation templates
 * or Terraform configurations. Reads the policies folder, calls nothing, changes nothing on AWS.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { cloudformation } from '../bootstrap/cloudformation.ts'
import { bootstrapPlan } from '../bootstrap/plan.ts'
import type { Template } from '../bootstrap/template.ts'
import { terraform } from '../bootstrap/terraform.ts'
import { type ExitCode, exits } from './exit.ts'
import { policyIn } from './policy-loaded.ts'
import { type Terminal, wrap } from './terminal.ts'

export const bootstrapFormats = ['cloudformation', 'terraform'] as const

export type BootstrapOptions = {
  readonly format: string
  readonly keyAdmin: string
  readonly brokerRole: string
  readonly producer: readonly string[]
  readonly runsAs: string
  readonly personalKey?: string
  readonly policies: string
  /** absent = stdout */
  readonly out?: string
}

/**
 * Exit 0 with the documents, 1 where they cannot be made, 2 for bad options, 78 for bad policies.
 */
export const bootstrap = async (to: Terminal, options: BootstrapOptions): Promise<ExitCode> => {
  const format = bootstrapFormats.find((one) => one === options.format)
  if (format === undefined) {
    to.err(`--format is ${bootstrapFormats.join(' or ')}`)
    return exits.usage
  }
  const policy = await policyIn(to, options.policies)
  if (policy === null) return exits.config
  const plan = bootstrapPlan({
    targets: [...policy.targets.values()],
    brokerRoleArn: options.brokerRole,
    adminRoleArn: options.keyAdmin,
    producerRoleArns: options.producer,
    runsAs: options.runsAs,
    personalKey: options.personalKey ?? null
  })
  if (!plan.ok) {
    for (const { code, message } of plan.refusals) {
      for (const line of wrap(`${code}: ${message}`, 98)) to.err(line)
    }
    return exits.refused
  }
  const templates = { cloudformation, terraform }[format](plan.value)
  const files = templates.map((one) => ({ ...one, file: fileOf(one, format) }))
  if (options.out !== undefined) return write(to, options.out, files)
  if (to.json) to.out(JSON.stringify({ format, files }))
  else for (const { file, text } of files) to.out(`# ${file}\n${text}`)
  return exits.done
}

type File = Template & { readonly file: string }

/** A folder for each Terraform configuration, since each is applied somewhere else. */
const fileOf = ({ name }: Template, format: (typeof bootstrapFormats)[number]): string =>
  format === 'terraform' ? join(name, 'main.tf') : `${name}.yaml`

/** All of them or none: what is there is not overwritten. */
const write = (to: Terminal, folder: string, files: readonly File[]): ExitCode => {
  const taken = files.find(({ file }) => existsSync(join(folder, file)))
  if (taken !== undefined) {
    to.err(`${join(folder, taken.file)} is there already: name a folder without it`)
    return exits.refused
  }
  for (const { file, about, text } of files) {
    const path = join(folder, file)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text, { flag: 'wx' })
    if (to.json) continue
    to.out(path)
    for (const line of wrap(about, 94)) to.out(`    ${line}`)
  }
  if (to.json) to.out(JSON.stringify({ files: files.map(({ file, about }) => ({ file, about })) }))
  return exits.done
}

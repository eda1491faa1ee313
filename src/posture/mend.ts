/**
 * The change that mends a finding, as text that may be applied: a line for a shell, YAML of a
 * CloudFormation template, HCL of a Terraform configuration. Names that others chose are quoted for
 * each of the three, so that none of them can become a command, a key or an expression.
 */

/** Text, number or flag; a list; or a mapping, which HCL writes as a block. */
export type Value = string | number | boolean | readonly Value[] | Fields
export type Fields = { readonly [name: string]: Value }

/** One command line of POSIX shell words; a mapping is passed as JSON. */
export const line = (...words: readonly (string | Fields)[]): string =>
  words.map((word) => shell(typeof word === 'string' ? word : JSON.stringify(word))).join(' ')

/** A CloudFormation resource with the properties that change. */
export const cloudformation = (type: string, properties: Fields): string =>
  ['Resource:', `  Type: ${type}`, '  Properties:', ...yaml(properties, '    ')].join('\n')

/** A Terraform resource with the arguments that change; mappings are blocks. */
export const terraform = (type: string, body: Fields): string =>
  [`resource "${type}" "this" {`, ...hcl(body, '  '), '}'].join('\n')

/** An HCL argument that is a map, such as tags, rather than a block. */
export const map = (entries: Readonly<Record<string, string>>): Fields => ({
  [asMap]: true,
  ...entries
})

/** An HCL expression that is no text; only ever one of ours. */
export const expression = (code: string): Fields => ({ [asCode]: code })

/** `# ` before every line: what no template can say. */
export const remark = (text: string): string =>
  text
    .replaceAll(/[\r\n\u2028\u2029\u0085]+/g, ' ')
    .replaceAll(/[\p{Cc}\p{Bidi_Control}]/gu, '\uFFFD')
    .replace(/^/, '# ')

/** A name of an ARN: what follows the last slash or colon. */
export const lastOf = (arn: string): string => arn.split(/[:/]/).at(-1) ?? arn

/** Data as JSON, which is YAML too, with nothing in it that only one of them would take. */
export const flow = (value: unknown): Fields => ({ [asCode]: escaped(JSON.stringify(value)) })

const asMap = '\u0000map'
const asCode = '\u0000code'

const shell = (word: string): string => {
  const safe = word.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, ' ')
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(safe) ? safe : `'${safe.replaceAll("'", `'\\''`)}'`
}

/** A JSON string is a YAML string; JSON leaves C1 controls and line separators as they are. */
const quoted = (text: string): string =>
  escaped(JSON.stringify(text.replaceAll(/[\b\f]/g, '\uFFFD')))

const escaped = (text: string): string =>
  text.replaceAll(/[\u007f-\u009f\u2028\u2029\ufeff]|\p{Bidi_Control}/gu, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  })

const scalar = (value: string | number | boolean): string =>
  typeof value === 'string' ? quoted(value) : String(value)

const isFields = (value: Value): value is Fields =>
  typeof value === 'object' && !Array.isArray(value)

const isList = (value: Value): value is readonly Value[] => Array.isArray(value)

const plainKey = /^[A-Za-z][A-Za-z0-9_]*$/

const yaml = (fields: Fields, indent: string): readonly string[] =>
  Object.entries(fields)
    .filter(([name]) => name !== asMap)
    .flatMap(([name, value]) => {
      const head = `${indent}${plainKey.test(name) ? name : quoted(name)}:`
      const code = isFields(value) ? value[asCode] : undefined
      if (typeof code === 'string') return [`${head} ${code}`]
      if (isList(value)) return [head, ...value.flatMap((item) => yamlItem(item, `${indent}  `))]
      return isFields(value)
        ? [head, ...yaml(value, `${indent}  `)]
        : [`${head} ${scalar(value)}`]
    })

const yamlItem = (item: Value, indent: string): readonly string[] => {
  if (isList(item)) return [`${indent}- ${JSON.stringify(item)}`]
  if (!isFields(item)) return [`${indent}- ${scalar(item)}`]
  return yaml(item, `${indent}  `).map((text, at) =>
    at === 0 ? `${indent}- ${text.slice(indent.length + 2)}` : text
  )
}

/** `${` and `%{` begin an expression in a quoted HCL template. */
const hclText = (value: string | number | boolean): string =>
  scalar(value).replaceAll(/[$%](?=\{)/g, (sign) => `${sign}${sign}`)

const hcl = (fields: Fields, indent: string): readonly string[] =>
  Object.entries(fields)
    .filter(([name]) => name !== asMap)
    .flatMap(([name, value]) => {
      if (isList(value)) return [`${indent}${name} = [${value.map(hclItem).join(', ')}]`]
      if (!isFields(value)) return [`${indent}${name} = ${hclText(value)}`]
      const code = value[asCode]
      if (typeof code === 'string') return [`${indent}${name} = ${code}`]
      const isMap = value[asMap] === true
      const body = isMap
        ? Object.entries(value)
            .filter(([key]) => key !== asMap)
            .map(([key, one]) => `${indent}  ${hclText(key)} = ${hclItem(one)}`)
        : hcl(value, `${indent}  `)
      return [`${indent}${name} ${isMap ? '= ' : ''}{`, ...body, `${indent}}`]
    })

const hclItem = (value: Value): string =>
  isList(value) || isFields(value) ? JSON.stringify(value) : hclText(value)

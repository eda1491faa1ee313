/**
 * The document of one guardrail: what queries may read. The keys are those of the file that
 * `sallyport guard` takes, and `guardrail`, the name that rules use.
 */
import { type Static, Type } from 'typebox'
import { closed, column, count, flag, id, qualifiedTable, some, table, text } from './forms.ts'

const columns = (title: string) =>
  Type.Optional(
    Type.Record(
      qualifiedTable('A table of some target'),
      some('Its columns', column('A column'), 'a list of at least one column'),
      { ...closed, title, description: 'a mapping of database.table to columns' }
    )
  )

export const GuardrailDocument = Type.Object(
  {
    guardrail: id('The name that rules use'),
    tables: Type.Optional(
      some(
        'What may be read; left out: every table asked for',
        qualifiedTable('A table of some target'),
        'a list of at least one database.table'
      )
    ),
    denyColumns: columns('Columns that are read nowhere in a query'),
    aggregateOnlyColumns: columns('Columns that are read only within count and approx_distinct'),
    requirePartitionPredicate: Type.Optional(
      flag('Every table is narrowed by one of its partition keys; default no')
    ),
    requireLimit: Type.Optional(count('Every query has a LIMIT, at most this', 1, 1_000_000_000)),
    forbidCrossJoin: Type.Optional(flag('No join without a condition on both sides; default no')),
    forbidFunctions: Type.Optional(
      some(
        'Functions that are not called',
        text('A function', '^[a-z_][a-z0-9_]{0,127}$', 'a function name in lower case'),
        'a list of at least one function'
      )
    ),
    defaultDatabase: Type.Optional(table('Where tables without a database are looked up'))
  },
  { ...closed, title: 'A guardrail', description: 'a mapping: what queries may read' }
)

export type GuardrailDocument = Static<typeof GuardrailDocument>

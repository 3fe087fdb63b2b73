import * as path from 'node:path'

import type { ESLint } from 'eslint'
import { loadESLint } from 'eslint'

import { root } from '../scripts/docs/blocks'

/** The names of the rules of this repository that code in a file breaks. */
export type RulesOf = (file: string, ...code: ReadonlyArray<string>) => Promise<ReadonlyArray<string | null>>

/** Lint without types, since the code is in no file of the program. */
export const makeRulesOf = async (): Promise<RulesOf> => {
  const LegacyESLint = (await loadESLint({ useFlatConfig: false })) as unknown as new (
    options: object
  ) => Pick<ESLint, 'lintText'>
  const eslint = new LegacyESLint({
    cwd: root,
    overrideConfig: {
      extends: ['plugin:@typescript-eslint/disable-type-checked'],
      rules: { 'fp-ts/no-discarded-pure-expression': 'off' }
    }
  })
  return async (file, ...code) => {
    const [result] = await eslint.lintText(`${code.join('\n')}\n`, { filePath: path.join(root, file) })
    return result!.messages.map((message) => message.ruleId)
  }
}

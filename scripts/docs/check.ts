/** Type-checks the documentation's blocks, all of them in one program. */
import * as path from 'node:path'

import ts from 'typescript'

import type { Unit } from './blocks'
import { moduleOf, root } from './blocks'

export interface Problem {
  readonly id: string
  readonly line: number
  readonly message: string
}

const ambient = "declare const assert: typeof import('node:assert')\n"

export const typeCheck = (units: ReadonlyArray<Unit>): ReadonlyArray<Problem> => {
  const config = ts.getParsedCommandLineOfConfigFile(
    path.join(root, 'tsconfig.json'),
    { noUnusedLocals: false, noUnusedParameters: false, isolatedModules: false },
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined }
  )!
  const nameOf = (unit: Unit) => path.join(root, `${unit.id}.block.ts`)
  const globals = path.join(root, 'docs-globals.d.ts')
  const texts = new Map([[globals, ambient], ...units.map((u) => [nameOf(u), moduleOf(u.blocks)] as const)])
  const host = ts.createCompilerHost(config.options)
  const program = ts.createProgram([...texts.keys()], config.options, {
    ...host,
    fileExists: (name) => texts.has(name) || host.fileExists(name),
    readFile: (name) => texts.get(name) ?? host.readFile(name),
    getSourceFile: (name, target, ...rest) => {
      const text = texts.get(name)
      return text === undefined
        ? host.getSourceFile(name, target, ...rest)
        : ts.createSourceFile(name, text, target, true)
    }
  })
  return units.flatMap((unit) => {
    const file = program.getSourceFile(nameOf(unit))!
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map((d) => ({
      id: unit.id,
      line: ts.getLineAndCharacterOfPosition(file, d.start ?? 0).line + 1,
      message: `TS${d.code}: ${ts.flattenDiagnosticMessageText(d.messageText, '\n')}`
    }))
  })
}

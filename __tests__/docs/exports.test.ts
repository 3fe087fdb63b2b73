/** Every public export says since when it is there, what kind of thing it is, and shows one executed example. */
import * as path from 'node:path'

import { describe, expect, it } from '@jest/globals'
import ts from 'typescript'

import { root, sources } from '../../scripts/docs/blocks'

const config = ts.getParsedCommandLineOfConfigFile(path.join(root, 'tsconfig.json'), undefined, {
  ...ts.sys,
  onUnRecoverableConfigFileDiagnostic: () => undefined
})!

const documented = (program: ts.Program, name: string): ReadonlyArray<string> => {
  const checker = program.getTypeChecker()
  const file = program.getSourceFile(name)!
  const module = checker.getSymbolAtLocation(file)
  if (module === undefined) return ['is not a module']
  const header = /^\s*\/\*\*[\s\S]*?@since \d+\.\d+\.\d+[\s\S]*?\*\//.test(file.text)
    ? []
    : ['the header has no @since']

  const problemsOf = (symbol: ts.Symbol): ReadonlyArray<string> => {
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
    const elsewhere = (target.declarations ?? []).every((d) => d.getSourceFile() !== file)
    // another public module's export, or a namespace of the core, is documented where it is declared
    if (
      elsewhere &&
      (target.declarations ?? []).every((d) => !d.getSourceFile().fileName.includes('/internal/'))
    ) {
      return []
    }
    const tags = [symbol, target]
      .flatMap((s) => s.declarations ?? [])
      .flatMap((d) => ts.getJSDocTags(d))
      .concat(
        [symbol, target]
          .flatMap((s) => s.declarations ?? [])
          .filter(ts.isExportSpecifier)
          .flatMap((d) => [d, d.parent.parent].flatMap((n) => ts.getJSDocTags(n)))
      )
      .map((tag) => tag.tagName.text)
    const isType = (target.flags & (ts.SymbolFlags.Type | ts.SymbolFlags.Namespace)) !== 0
    return ['since', 'category', ...(isType ? [] : ['example'])]
      .filter((tag) => !tags.includes(tag))
      .map((tag) => `${symbol.name} has no @${tag}`)
  }

  return [...header, ...checker.getExportsOfModule(module).flatMap(problemsOf)]
}

describe('exports', () => {
  const program = ts.createProgram([...sources()], config.options)

  it.each(sources().map((name) => path.relative(root, name)))('%s', (name) => {
    expect(documented(program, path.join(root, name))).toEqual([])
  })
})

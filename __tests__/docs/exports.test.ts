/** Every public export says since when it is there, what kind of thing it is, and shows one executed example. */
import * as path from 'node:path'

import { describe, expect, it } from '@jest/globals'
import ts from 'typescript'

import { isPublic, root, sources } from '../../scripts/docs/blocks'
import { importedBy, textOf } from '../modules'

const config = ts.getParsedCommandLineOfConfigFile(path.join(root, 'tsconfig.json'), undefined, {
  ...ts.sys,
  onUnRecoverableConfigFileDiagnostic: () => undefined
})!

/** Modules of `src` alone are named by paths. */
const isPublicModule = (name: string, from: string): boolean =>
  isPublic(textOf(importedBy(path.relative(root, from), name)))

/** `export { a } from './A'`: another public module's export is documented there. */
const isDocumentedElsewhere = (node: ts.Declaration): boolean =>
  ts.isExportSpecifier(node) &&
  node.parent.parent.moduleSpecifier !== undefined &&
  isPublicModule(node.parent.parent.moduleSpecifier.getText().slice(1, -1), node.getSourceFile().fileName)

const documented = (program: ts.Program, name: string): ReadonlyArray<string> => {
  const checker = program.getTypeChecker()
  const file = program.getSourceFile(name)!
  const module = checker.getSymbolAtLocation(file)
  if (module === undefined) return ['is not a module']
  const header = /^\s*\/\*\*[\s\S]*?@since \d+\.\d+\.\d+[\s\S]*?\*\//.test(file.text)
    ? []
    : ['the header has no @since']

  const isIndex = path.basename(name) === 'index.ts'

  const problemsOf = (symbol: ts.Symbol): ReadonlyArray<string> => {
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
    const declarations = [symbol, target].flatMap((it) => it.declarations ?? [])
    if (!isIndex && declarations.some((d) => ts.isExportSpecifier(d) && ts.getJSDocTags(d).length === 0)) {
      return [`${symbol.name} needs its comment inside the braces, where docs-ts looks for it`]
    }
    if (declarations.some(isDocumentedElsewhere)) return []
    const tags = declarations
      // of `export { a }` the comment is before the name or before the whole
      .flatMap((d) => (ts.isExportSpecifier(d) ? [d, d.parent.parent] : [d]))
      .flatMap((d) => ts.getJSDocTags(d))
      .map((tag) => tag.tagName.text)
    if (tags.includes('internal')) return []
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

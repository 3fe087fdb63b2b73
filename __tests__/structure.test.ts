/** The shape of `src`: it has no import cycle, folders keep their insides to themselves, and public modules say that they are public. */
import * as fs from 'node:fs'
import * as path from 'node:path'

import { describe, expect, it } from '@jest/globals'
import { minimatch } from 'minimatch'
import ts from 'typescript'

import { isPublic, root } from '../scripts/docs/blocks'
import { importedBy, modules, textOf } from './modules'

type Graph = ReadonlyMap<string, ReadonlyArray<string>>

/** What a module imports and exports again from other modules of `src`; imports of types are imports. */
const importsOf = (module: string, text: string, has?: (name: string) => boolean): ReadonlyArray<string> =>
  ts
    .preProcessFile(text, true, true)
    .importedFiles.map(({ fileName }) => fileName)
    .filter((name) => name.startsWith('.'))
    .map((name) => importedBy(module, name, has))

const graph: Graph = new Map(modules.map((module) => [module, importsOf(module, textOf(module))]))

/** The cycles of a graph, each as one way round it (Tarjan's components, shown by their members). */
const cyclesOf = (edges: Graph): ReadonlyArray<ReadonlyArray<string>> => {
  const numbers = new Map<string, number>()
  const lowest = new Map<string, number>()
  const stack: Array<string> = []
  const cycles: Array<ReadonlyArray<string>> = []
  const visit = (module: string): number => {
    const number = numbers.size
    numbers.set(module, number)
    lowest.set(module, number)
    stack.push(module)
    for (const next of edges.get(module) ?? []) {
      const reached = !numbers.has(next) ? visit(next) : stack.includes(next) ? numbers.get(next)! : number
      lowest.set(module, Math.min(lowest.get(module)!, reached))
    }
    if (lowest.get(module) === number) {
      const component = stack.splice(stack.indexOf(module))
      if (component.length > 1) cycles.push([...component].sort())
    }
    return lowest.get(module)!
  }
  for (const module of edges.keys()) if (!numbers.has(module)) visit(module)
  return cycles
}

describe('imports', () => {
  it('make no cycle, those of types among them', () => {
    expect(cyclesOf(graph)).toEqual([])
  })

  it('control: a cycle of types is found', () => {
    const texts: Readonly<Record<string, string>> = {
      'a.ts': "import type { B } from './b/c'\nexport type A = B",
      'b/c.ts': "export * from '.'\nexport type B = 1",
      'b/index.ts': "export type C = import('../a').A",
      'd.ts': "import type { A } from './a'\nexport type D = A"
    }
    const edges: Graph = new Map(
      Object.entries(texts).map(([name, text]) => [name, importsOf(name, text, (other) => other in texts)])
    )
    expect(cyclesOf(edges)).toEqual([['a.ts', 'b/c.ts', 'b/index.ts']])
  })

  it('enter a folder that has an index.ts through it, or through a public module of it', () => {
    const doors = modules.filter((name) => name.endsWith('/index.ts')).map((name) => path.posix.dirname(name))
    const passed = [...graph].flatMap(([module, targets]) =>
      targets
        .filter((target) => {
          const door = doors.find((folder) => target.startsWith(`${folder}/`))
          return door !== undefined && !module.startsWith(`${door}/`) && !isPublic(textOf(target))
        })
        .map((target) => `${module} → ${target}`)
    )
    expect(doors.length).toBeGreaterThan(3)
    expect(passed).toEqual([])
  })
})

/** The modules that the entries of the package export, through any number of modules that export them again. */
const exported = (): ReadonlySet<string> => {
  const manifest = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    readonly exports: Readonly<Record<string, string | { readonly import: { readonly default: string } }>>
  }
  const found = new Set<string>()
  const visit = (module: string): void => {
    if (found.has(module)) return
    found.add(module)
    const file = ts.createSourceFile(module, textOf(module), ts.ScriptTarget.ES2022, true)
    const imported = new Map<string, string>()
    const resolved = (specifier: ts.Expression): string =>
      importedBy(module, (specifier as ts.StringLiteral).text)
    for (const statement of file.statements) {
      if (ts.isImportDeclaration(statement)) {
        const names = statement.importClause?.namedBindings
        if (names !== undefined && ts.isNamespaceImport(names))
          imported.set(names.name.text, resolved(statement.moduleSpecifier))
      }
      if (!ts.isExportDeclaration(statement)) continue
      if (statement.moduleSpecifier !== undefined) visit(resolved(statement.moduleSpecifier))
      else if (statement.exportClause !== undefined && ts.isNamedExports(statement.exportClause))
        for (const { name, propertyName } of statement.exportClause.elements) {
          const source = imported.get((propertyName ?? name).text)
          if (source !== undefined) visit(source)
        }
    }
  }
  for (const entry of Object.values(manifest.exports))
    if (typeof entry !== 'string')
      visit(entry.import.default.replace('./dist/', 'src/').replace(/\.mjs$/, '.ts'))
  return found
}

describe('modules', () => {
  it('are public if and only if their headers have @since; the others say @internal', () => {
    const marked = modules.filter((name) => isPublic(textOf(name)))
    expect(marked).toEqual([...exported()].sort())
    const silent = modules.filter(
      (name) => !isPublic(textOf(name)) && !/^\/\*\*(?:(?!\*\/)[\s\S])*@internal/.test(textOf(name))
    )
    expect(silent).toEqual([])
  })

  it('are in the reference if they are public, but for those that only export others', () => {
    const { exclude } = JSON.parse(fs.readFileSync(path.join(root, 'docs-ts.json'), 'utf8')) as {
      readonly exclude: ReadonlyArray<string>
    }
    const shown = modules.filter((name) => !exclude.some((pattern) => minimatch(name, pattern)))
    const barrels = ['src/index.ts', 'src/http/index.ts', 'src/testing/index.ts']
    expect([...shown, ...barrels].sort()).toEqual(modules.filter((name) => isPublic(textOf(name))))
  })
})

const mostLines = 120
const mostParameters = 4

/** The functions of a module that are too long, or have too many parameters. */
const oversized = (module: string, text: string): ReadonlyArray<string> => {
  const file = ts.createSourceFile(module, text, ts.ScriptTarget.Latest, true)
  const found: Array<string> = []
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined) {
      const from = file.getLineAndCharacterOfPosition(node.getStart(file)).line
      const lines = file.getLineAndCharacterOfPosition(node.end).line - from + 1
      const parameters = node.parameters.filter(({ name }) => name.getText(file) !== 'this').length
      if (lines > mostLines || parameters > mostParameters)
        found.push(
          `${module}:${String(from + 1)} has ${String(lines)} lines, ${String(parameters)} parameters`
        )
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

describe('functions', () => {
  it('have 120 lines and four parameters at most', () => {
    expect(modules.flatMap((module) => oversized(module, textOf(module)))).toEqual([])
  })

  it('control: a function that is too long is found, and one with too many parameters', () => {
    const long = `const f = () => {\n${'  g()\n'.repeat(mostLines)}}`
    const wide = 'const f = (a: A, b: B, c: C, d: D, e: E): void => undefined'
    const both = `${long}\n${wide}\nfunction h(this: void, a: A, b: B, c: C, d: D) {}`
    expect(oversized('m.ts', both)).toEqual([
      'm.ts:1 has 122 lines, 0 parameters',
      'm.ts:123 has 1 lines, 5 parameters'
    ])
  })
})

describe('the map of the architecture', () => {
  const page = fs.readFileSync(path.join(root, 'docs/architecture.md'), 'utf8')
  const named = [...new Set(page.match(/(?:src|__tests__|scripts)\/[\w./-]*\w|\.eslintrc\.cjs/g))]

  it('names paths that exist', () => {
    expect(named.length).toBeGreaterThan(40)
    expect(named.filter((name) => !fs.existsSync(path.join(root, name)))).toEqual([])
  })

  it('names every folder of src but those of backends and of tests', () => {
    const folders = [...new Set(modules.map((name) => name.split('/')[1]!))].filter(
      (name) => !name.includes('.')
    )
    expect(folders.filter((folder) => !page.includes(`src/${folder}`))).toEqual([])
  })
})

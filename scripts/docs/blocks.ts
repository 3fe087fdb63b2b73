/**
 * The TypeScript that the documentation shows: the ```ts blocks of the guides and every `@example` of src.
 * Lines keep their numbers, so that what fails is reported where it was written.
 */
import * as fs from 'node:fs'
import * as path from 'node:path'

import ts from 'typescript'

export interface Block {
  /** Of the first line of code, from 1. */
  readonly line: number
  readonly lines: ReadonlyArray<string>
  readonly run: boolean
}

/** Blocks that share one scope, in order: a page of the guides, or one example. */
export interface Unit {
  /** Relative to the root of the repository. */
  readonly file: string
  readonly id: string
  readonly blocks: ReadonlyArray<Block>
}

export const root = path.resolve(__dirname, '../..')

const walk = (directory: string): ReadonlyArray<string> =>
  fs.existsSync(directory)
    ? fs
        .readdirSync(directory, { withFileTypes: true })
        .flatMap((entry) =>
          entry.isDirectory() ? walk(path.join(directory, entry.name)) : [path.join(directory, entry.name)]
        )
        .sort()
    : []

const guides = (): ReadonlyArray<string> =>
  [path.join(root, 'README.md'), ...walk(path.join(root, 'docs'))].filter(
    (file) =>
      file.endsWith('.md') && fs.existsSync(file) && !file.startsWith(path.join(root, 'docs/reference'))
  )

/** The public modules: those whose header says since when they are there. */
export const sources = (): ReadonlyArray<string> =>
  walk(path.join(root, 'src')).filter(
    (file) => file.endsWith('.ts') && isPublic(fs.readFileSync(file, 'utf8'))
  )

/** Whether a module of `src` is public, by the comment at its head. */
export const isPublic = (text: string): boolean => /^\/\*\*(?:(?!\*\/)[\s\S])*@since/.test(text)

/** ```ts is part of its page; `no-run` is only type-checked; `isolated` has a scope of its own. */
export const pageUnits = (file: string, text: string): ReadonlyArray<Unit> => {
  const lines = text.split('\n')
  const page: Array<Block> = []
  const units: Array<Unit> = []
  for (let i = 0; i < lines.length; i++) {
    const open = /^(\s*)```ts\b(.*)$/.exec(lines[i]!)
    if (open === null) continue
    const end = lines.findIndex((line, j) => j > i && line.trim() === '```')
    if (end === -1) throw new Error(`${file}:${i + 1}: a block without an end`)
    const tags = open[2]!.trim().split(/\s+/)
    const block = { line: i + 2, lines: lines.slice(i + 1, end), run: !tags.includes('no-run') }
    if (tags.includes('isolated')) units.push({ file, id: `${file}.${block.line}`, blocks: [block] })
    else page.push(block)
    i = end
  }
  return page.length === 0 ? units : [{ file, id: file, blocks: page }, ...units]
}

/** Every `@example` of a source file; it ends at the next tag or with its comment. */
export const exampleUnits = (file: string, text: string): ReadonlyArray<Unit> => {
  const lines = text.split('\n')
  const units: Array<Unit> = []
  let from = -1
  const close = (to: number) => {
    if (from === -1) return
    const code = lines.slice(from, to).map((line) => line.replace(/^\s*\* ?/, ''))
    units.push({ file, id: `${file}.${from + 1}`, blocks: [{ line: from + 1, lines: code, run: true }] })
    from = -1
  }
  lines.forEach((line, i) => {
    if (/^\s*\* @\w|^\s*\*\/|^\s*\*.*\*\/$/.test(line)) close(i)
    if (/^\s*\* @example\s*$/.test(line)) from = i + 1
  })
  return units
}

export const allUnits = (): ReadonlyArray<Unit> => [
  ...guides().flatMap((file) => pageUnits(path.relative(root, file), fs.readFileSync(file, 'utf8'))),
  ...sources().flatMap((file) => exampleUnits(path.relative(root, file), fs.readFileSync(file, 'utf8')))
]

// -- one module of several blocks -----------------------------------------------------------

const blank = (text: string) => text.replace(/[^\n]/g, ' ')

interface Imported {
  readonly key: string
  readonly text: string
  readonly typeOnly: boolean
}

const importedNames = (node: ts.ImportDeclaration): ReadonlyArray<Imported> => {
  const from = (node.moduleSpecifier as ts.StringLiteral).text
  const clause = node.importClause
  const bindings = clause?.namedBindings
  if (clause === undefined) return []
  const whole = clause.phaseModifier === ts.SyntaxKind.TypeKeyword
  const names: Array<Imported> = []
  const push = (typeOnly: boolean, text: string) => {
    names.push({ key: `${text} from ${from}`, text, typeOnly })
  }
  if (clause.name !== undefined) push(whole, `default as ${clause.name.text}`)
  if (bindings !== undefined && ts.isNamespaceImport(bindings)) push(whole, `* as ${bindings.name.text}`)
  if (bindings !== undefined && ts.isNamedImports(bindings)) {
    for (const e of bindings.elements) {
      const text = e.propertyName === undefined ? e.name.text : `${e.propertyName.text} as ${e.name.text}`
      push(whole || e.isTypeOnly, text)
    }
  }
  return names
}

/** Two blocks of a page may import the same name from the same module: the first import stays. */
const mergeImports = (text: string): string => {
  const file = ts.createSourceFile('page.ts', text, ts.ScriptTarget.ES2022, true)
  const imports = file.statements.filter(ts.isImportDeclaration)
  const values = new Set(
    imports
      .flatMap(importedNames)
      .filter((i) => !i.typeOnly)
      .map((i) => i.key)
  )
  const seen = new Set<string>()
  let merged = text
  for (const node of imports) {
    const names = importedNames(node)
    const kept = names.filter((i) => !seen.has(i.key) && !(i.typeOnly && values.has(i.key)))
    kept.forEach((i) => seen.add(i.key))
    if (kept.length === names.length) continue
    const was = node.getText()
    const from = node.moduleSpecifier.getText()
    const now =
      kept.length === 0
        ? ''
        : kept[0]!.text.startsWith('*')
        ? `import ${kept[0]!.text} from ${from};`
        : `import { ${kept.map((i) => (i.typeOnly ? 'type ' : '') + i.text).join(', ')} } from ${from};`
    const padding = '\n'.repeat(was.split('\n').length - 1)
    const length = merged.length - text.length
    // later imports stand after this one, so the offsets move by what was already changed
    merged =
      merged.slice(0, node.getStart() + length) +
      (now === '' ? blank(was) : now + padding) +
      merged.slice(node.getEnd() + length)
  }
  return merged
}

/** One module; `mark` is what stands on the line before each block. */
export const moduleOf = (
  blocks: ReadonlyArray<Block>,
  mark: (block: Block) => string = () => ';'
): string => {
  const lines: Array<string> = []
  for (const block of blocks) {
    while (lines.length < block.line - 2) lines.push('')
    lines.push(mark(block), ...block.lines)
  }
  return mergeImports([...lines, 'export {}', ''].join('\n'))
}

/**
 * Emits the declarations of every module twice, for ESM and for CommonJS: what tsc makes of it, with the imports
 * rewritten. (rollup-plugin-dts 6.5.1 drops `import * as E` where a type parameter is also called `E`.)
 */
import path from 'node:path'

import ts from 'typescript'

const rewriteImports = (rename) => (context) => (file) => {
  const literal = (node) => context.factory.createStringLiteral(rename(node.text), true)
  const visit = (node) => {
    if (ts.isImportDeclaration(node)) {
      const { modifiers, importClause, moduleSpecifier, attributes } = node
      return context.factory.updateImportDeclaration(
        node,
        modifiers,
        importClause,
        literal(moduleSpecifier),
        attributes
      )
    }
    if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
      const { modifiers, isTypeOnly, exportClause, moduleSpecifier, attributes } = node
      return context.factory.updateExportDeclaration(
        node,
        modifiers,
        isTypeOnly,
        exportClause,
        literal(moduleSpecifier),
        attributes
      )
    }
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      const argument = context.factory.createLiteralTypeNode(literal(node.argument.literal))
      const { attributes, qualifier, typeArguments, isTypeOf } = node
      return ts.visitEachChild(
        context.factory.updateImportTypeNode(node, argument, attributes, qualifier, typeArguments, isTypeOf),
        (child) => (child === argument ? child : visit(child)),
        context
      )
    }
    return ts.visitEachChild(node, visit, context)
  }
  return ts.visitNode(file, visit)
}

const format = (diagnostics) =>
  ts.formatDiagnosticsWithColorAndContext(diagnostics, {
    getCanonicalFileName: (name) => name,
    getCurrentDirectory: ts.sys.getCurrentDirectory,
    getNewLine: () => '\n'
  })

const programOf = (tsconfig) => {
  const options = { noEmit: false, sourceMap: false, declaration: true, emitDeclarationOnly: true }
  const config = ts.getParsedCommandLineOfConfigFile(tsconfig, options, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: (diagnostic) => {
      throw new Error(format([diagnostic]))
    }
  })
  return ts.createProgram(config.fileNames, { ...config.options, rootDir: path.resolve('src') })
}

/** A rollup plugin. `paths` renames the imports of other packages, as in the output's option of that name. */
export const declarations = ({ tsconfig, paths }) => {
  let program
  return {
    name: 'declarations',
    buildStart: () => {
      program = programOf(tsconfig)
    },
    generateBundle(output) {
      const extension = output.format === 'es' ? 'mts' : 'cts'
      const rename = (id) => (id.startsWith('.') ? `${id}.${extension.replace('t', 'j')}` : paths(id))
      const write = (name, source) => {
        const fileName = path.relative('src', name).replace(/ts$/, extension)
        this.emitFile({ type: 'asset', fileName, source })
      }
      const rewritten = { afterDeclarations: [rewriteImports(rename)] }
      const { diagnostics } = program.emit(undefined, write, undefined, true, rewritten)
      if (diagnostics.length > 0) this.error(format(diagnostics))
    }
  }
}

/** Prints what programs bundle of the built package, gzipped, and the modules of a program given by its names: `ring Policy.ttl`. */
import { bundleOf, coreWith, kilobytes, programs } from './bundles'

const main = async (names: ReadonlyArray<string>): Promise<void> => {
  if (names.length > 0) {
    const { gzipped, modules } = await bundleOf(coreWith(...names))
    console.log([`${kilobytes(gzipped)} kB`, ...modules].join('\n'))
    return
  }
  for (const [name, program] of Object.entries(programs))
    console.log(`${name}: ${kilobytes((await bundleOf(program)).gzipped)} kB`)
}

void main(process.argv.slice(2))

// Runs the program where there is a console and an exit: Node, Bun, Deno.
import { run } from './program.mjs'

console.log((await run()).join('\n'))

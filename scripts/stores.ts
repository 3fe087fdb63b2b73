/** Writes the table of stores into docs/stores.md. */
import { writePage } from './docs/stores'

writePage()

/**
 * Tests make stores fail and functions share names on purpose. What rings warn of then would hide what is printed by mistake, so
 * it is dropped here; a test of the warnings puts its own function in the place of this one.
 */
const { emitWarning } = process

process.emitWarning = (warning: string | Error, ...rest: ReadonlyArray<unknown>): void => {
  const [options] = rest
  const code = typeof options === 'object' && options !== null && 'code' in options ? options.code : undefined
  if (code !== 'FP_RING_FAULT' && code !== 'FP_RING_SHARED_NAME' && code !== 'FP_RING_OBSERVER')
    Reflect.apply(emitWarning, process, [warning, ...rest])
}

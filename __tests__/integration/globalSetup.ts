import { ensureBinary } from './servers'

/**
 * Installs the servers that the tests need, once, where that can be done without a password. Where it cannot be
 * done the tests that need a server fail, and say what to do; the others run.
 */
export default (): void => {
  const url = process.env['REDIS_URL']
  if (url !== undefined && url !== '') return
  try {
    ensureBinary('redis-server')
  } catch (cause) {
    console.warn(String(cause))
  }
}

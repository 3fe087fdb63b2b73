import { ensureBinary } from './servers'

const isSet = (url: string | undefined): boolean => url !== undefined && url !== ''

/**
 * Installs the servers that the tests need, once, where that can be done without a password. Where it cannot be
 * done the tests that need a server fail, and say what to do; the others run.
 */
export default (): void => {
  const needed = {
    'redis-server': process.env['REDIS_URL'],
    memcached: process.env['MEMCACHED_URL']
  }
  for (const [name, url] of Object.entries(needed)) {
    if (isSet(url)) continue
    try {
      ensureBinary(name)
    } catch (cause) {
      console.warn(String(cause))
    }
  }
}

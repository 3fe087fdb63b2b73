const base = require('./jest.config.cjs')

/**
 * Tests with bounds in real time on several servers: nothing else runs beside them.
 *
 * @type {import('jest').Config}
 */
module.exports = {
  ...base,
  testMatch: ['**/integration/failover.redis.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  maxWorkers: 1,
  // a cluster of node-redis that is destroyed while it looks for its nodes goes on to look for them
  forceExit: true
}

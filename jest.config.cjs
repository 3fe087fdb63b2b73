const { availableParallelism } = require('node:os')

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/__tests__'],
  testMatch: ['**/*.test.ts'],
  // the consumers of the built package have a run of their own: npm run check:dist; so have jest.alone.config.cjs' tests
  testPathIgnorePatterns: ['/node_modules/', '/__tests__/dist/', '/integration/failover\\.redis'],
  injectGlobals: false,
  // many tests wait for servers: so there are more workers than cores
  maxWorkers: Math.ceil(1.5 * availableParallelism()),
  // a machine that is busy is no fault; what hangs is found all the same
  testTimeout: 60_000,
  globalSetup: '<rootDir>/__tests__/integration/globalSetup.ts',
  setupFiles: ['<rootDir>/__tests__/quiet.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }] },
  moduleNameMapper: {
    '^fp-ring$': '<rootDir>/src/index.ts',
    '^fp-ring/lru$': '<rootDir>/src/stores/memory/lru.ts',
    '^fp-ring/memjs$': '<rootDir>/src/stores/memcached/memjs.ts',
    '^fp-ring/(redis|memcached|files|sqlite)$': '<rootDir>/src/stores/$1/index.ts',
    '^fp-ring/cbor$': '<rootDir>/src/codecs/cbor.ts',
    '^fp-ring/http$': '<rootDir>/src/http/index.ts',
    '^fp-ring/testing$': '<rootDir>/src/testing/index.ts',
    '^fp-ring/([A-Z]\\w*|functions|mutation)$': '<rootDir>/src/$1.ts'
  },
  collectCoverageFrom: ['src/**/*.ts'],
  coverageThreshold: { global: { statements: 95, branches: 90, functions: 95, lines: 95 } },
  coverageReporters: ['text-summary', 'lcovonly']
}

const base = require('./jest.config.cjs')

/** @type {import('jest').Config} */
module.exports = {
  ...base,
  roots: ['<rootDir>/__tests__/dist'],
  testPathIgnorePatterns: ['/node_modules/', '/consumers/'],
  // installs the runtimes and bundlers, once
  globalSetup: '<rootDir>/__tests__/dist/runtimes/tools.ts',
  setupFiles: [],
  moduleNameMapper: {}
}

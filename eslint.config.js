import js from '@eslint/js'
import { defineConfig, globalIgnores } from 'eslint/config'
import tseslint from 'typescript-eslint'

export default defineConfig(
  globalIgnores([
    '**/dist/',
    '**/build/',
    '.bundle/',
    'docs/api/',
    'prebuilds/',
    '.prebuild/',
    '.artifacts/',
    '**/node_modules/',
  ]),
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      eqeqeq: 'error',
    },
  },
  {
    files: ['**/test/**/*.ts'],
    rules: {
      // tap runs its subtests one after another, awaited or not, and takes a test without a promise, too.
      '@typescript-eslint/no-floating-promises': [
        'error',
        { allowForKnownSafePromises: [{ from: 'package', package: '@tapjs/core', name: 'PromiseWithSubtest' }] },
      ],
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    languageOptions: {
      globals: Object.fromEntries(
        [
          'console',
          'process',
          'performance',
          'Buffer',
          'URL',
          'AbortSignal',
          'setTimeout',
          'setInterval',
          'clearInterval',
          'clearTimeout',
        ].map((name) => [name, 'readonly']),
      ),
    },
  },
  {
    files: ['examples/failover-daemon/page/*.js'],
    rules: { 'no-unused-vars': ['error', { ignoreRestSiblings: true }] },
    languageOptions: {
      globals: Object.fromEntries(
        [
          'document',
          'location',
          'history',
          'addEventListener',
          'requestAnimationFrame',
          'EventSource',
          'matchMedia',
          'HTMLElement',
          'NodeFilter',
          'HTMLTemplateElement',
          'URLSearchParams',
        ].map((name) => [name, 'readonly']),
      ),
    },
  },
)

/** Builds the editor into serve_app/static, which Studio serves from the origin; nothing is fetched from elsewhere. */
import { defineConfig } from 'vitest/config';

const backend = process.env['STORYFORGE_ORIGIN'] ?? 'http://127.0.0.1:8000';

export default defineConfig({
  base: '/',
  resolve: { dedupe: ['yjs', 'preact', '@codemirror/state', '@codemirror/view'] },
  build: {
    outDir: '../serve_app/static',
    emptyOutDir: true,
    target: 'es2022',
    // hls.js comes as one 300 kB file in a chunk of its own, loaded when a take is watched.
    chunkSizeWarningLimit: 540,
  },
  server: {
    proxy: {
      '/graphql': { target: backend, ws: true },
      '/collab': { target: backend, ws: true },
      '/media': { target: backend },
    },
  },
  test: { include: ['tests/**/*.test.ts'], environment: 'node', testTimeout: 10_000 },
});

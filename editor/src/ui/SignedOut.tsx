/** Shown when the server does not know this browser: how to get in, in one sentence. */
export function SignedOut() {
  return (
    <main class="alone">
      <img src="/mark.svg" alt="" width="56" height="56" />
      <h1>Open with the link printed by storyforge</h1>
      <p>
        This browser is not signed in. The terminal where StoryForge runs shows an address that ends in
        <code>?token=…</code>; open that one, once. <code>storyforge token</code> prints it again.
      </p>
      <button type="button" class="primary" onClick={() => location.reload()}>
        Try again
      </button>
    </main>
  );
}

/** Short messages at the foot of the page, in words, read out politely. */
import { dismiss, toasts } from '../story/toasts';

export function Toasts() {
  return (
    <div class="toasts" aria-live="polite" aria-relevant="additions">
      {toasts.value.map((toast) => (
        <div key={toast.id} class={`toast toast-${toast.tone}`} data-testid="toast">
          <p>{toast.text}</p>
          <button type="button" class="bare" aria-label="Dismiss" onClick={() => dismiss(toast.id)}>
            ×
          </button>
        </div>
      ))}
    </div>
  );
}

"""Generate, pick a frame, watch the take; the colleague sees it happen (E-66, E-67, E-08, E-86, E-88)."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.conftest import Stack, wait_until
from tests.e2e.conftest import Enter
from tests.e2e.person import SOON_MS, Person
from tests.e2e.test_sharing import shares
from tests.e2e.test_way_in import AXE, accessible
from tests.screenplays import LAST_FERRY

pytestmark = pytest.mark.e2e
TAKE_MS = 60_000

# Every headline of the job as a person reads it, in order; stages may be shorter than a poll.
LISTEN = """() => {
  window.headlines = []
  const read = () => {
    const words = document.querySelector('[data-testid="job-stage"] strong')?.textContent
    if (words && window.headlines.at(-1) !== words) window.headlines.push(words)
  }
  new MutationObserver(read).observe(document.body, { childList: true, subtree: true, characterData: true })
}"""
PLAYING = """(video) => ({
  time: video.currentTime, ready: video.readyState, duration: video.duration, width: video.videoWidth,
  streamed: video.src.startsWith('blob:'),
  cues: [...(video.textTracks[0]?.cues ?? [])].map((cue) => cue.text),
})"""


def watch(person: Person) -> dict[str, object]:
    """Play the take until a second of it has been shown."""
    video: Locator = person.page.get_by_test_id("player")
    expect(video).to_be_visible(timeout=SOON_MS)
    wait_until(lambda: int(video.evaluate("(video) => video.readyState")) >= 1, 20, "the playlist has been read")
    video.evaluate("(video) => { video.muted = true; video.textTracks[0].mode = 'showing'; return video.play() }")
    state: dict[str, object] = {}

    def moving() -> bool:
        state.update(video.evaluate(PLAYING))
        return float(str(state["time"])) > 1 and bool(state["cues"])

    wait_until(moving, 20, "a second of the take has played, with captions")
    return state


def test_e66_generate_pick_and_watch(enter: Enter, stack: Stack) -> None:
    """E-66: stages in words, four frames, one pick by click, a film that plays as HLS with the dialogue as captions,
    and says what it is: an animatic. The colleague sees the same job and can watch the same take. E-88: the scene goes
    on from a box, its words joining the script with their film. E-102: the scene contradicts the one before, so its
    film is held on both pages; the correction is taken with a key, is in the script, and the film goes on. E-103: with
    the words that joined, the first film is out of date. E-107: a voice is set with keys."""
    ada, bo = enter("Ada"), enter("Bo")
    ada.sign_in()
    ada.import_file(LAST_FERRY)
    ada.go_to_scene(3)
    bo.sign_in()
    bo.open(ada.path)
    bo.at_the_desk()
    ada.page.evaluate(LISTEN)
    ada.page.get_by_test_id("generate").click()
    for person in (ada, bo):
        expect(person.job()).to_have_text("Held for you", timeout=TAKE_MS)
        expect(person.page.get_by_test_id("held-reason")).to_contain_text("marked CONTINUOUS", timeout=SOON_MS)
    expect(ada.page.get_by_test_id("correction")).to_contain_text("“DAY” becomes “NIGHT”")
    ada.page.get_by_test_id("held-place").first.click()
    assert ada.page.evaluate("() => getSelection().toString()") == "DAY"
    if AXE.exists():
        assert accessible(ada) == []
    ada.page.get_by_test_id("use-correction").focus()
    ada.page.keyboard.press("c")
    for person in (ada, bo):
        person.sees_text("INT. WHEELHOUSE - NIGHT - CONTINUOUS")
        expect(person.page.get_by_test_id("held")).to_have_count(0, timeout=SOON_MS)

    panels = ada.page.get_by_test_id("panel")
    expect(panels).to_have_count(4, timeout=TAKE_MS)
    expect(ada.job()).to_have_text("Pick a frame", timeout=TAKE_MS)
    wait_until(
        lambda: panels.locator("img").evaluate_all("(all) => all.every((img) => img.naturalWidth > 0)"), 15, "frames"
    )
    expect(bo.page.get_by_test_id("panel")).to_have_count(4, timeout=SOON_MS)
    expect(bo.job()).to_have_attribute("data-job-id", str(ada.job().get_attribute("data-job-id")), timeout=SOON_MS)

    panels.nth(2).click()
    expect(panels.nth(2)).to_have_attribute("aria-pressed", "true", timeout=SOON_MS)
    expect(bo.page.get_by_test_id("panel").nth(2)).to_have_attribute("aria-pressed", "true", timeout=SOON_MS)
    for person in (ada, bo):
        expect(person.job()).to_have_text("The take is ready", timeout=TAKE_MS)
        expect(person.page.get_by_test_id("take")).to_have_count(1, timeout=SOON_MS)

    heard: list[str] = ada.page.evaluate("window.headlines")
    assert heard[-1] == "The take is ready"
    assert heard.index("Drawing the board") < heard.index("Pick a frame") < heard.index("Rendering the picture")

    for person in (ada, bo):
        state = watch(person)
        assert int(str(state["ready"])) >= 2
        assert int(str(state["width"])) >= 640
        assert state["streamed"], "played by hls.js from the playlist"
        assert "Nobody takes the midnight boat." in " ".join(str(cue) for cue in state["cues"])  # type: ignore[attr-defined]
        expect(person.page.locator("figcaption")).to_contain_text("animatic")
    expect(ada.scenes.nth(2).locator("img")).to_be_visible(timeout=SOON_MS)
    takes = stack.graphql("query($id: ID!) { scene(id: $id) { takes { degraded backend } } }", id=ada.scene_id)
    assert takes["scene"]["takes"] == [{"degraded": True, "backend": "animatic"}]

    ada.page.get_by_test_id("continue").locator("summary").click()
    ada.page.get_by_test_id("continue-text").fill("Margaret lowers the ramp.")
    ada.page.get_by_test_id("continue-send").click()
    bo.sees_text("Margaret lowers the ramp.")
    expect(ada.page.get_by_test_id("continue-text")).to_have_value("")
    for person in (ada, bo):
        expect(person.page.get_by_test_id("take")).to_have_count(2, timeout=TAKE_MS)

    ada.page.keyboard.press("Control+k")
    ada.palette().fill("out of date")
    ada.page.keyboard.press("Enter")
    expect(ada.page.get_by_test_id("radius-summary")).to_contain_text("1 film with", timeout=SOON_MS)
    expect(ada.page.get_by_test_id("stale-scene")).to_contain_text("its words")
    if AXE.exists():
        assert accessible(ada) == []
    ada.page.keyboard.press("Escape")
    sounds(ada)


def sounds(ada: Person) -> None:
    """How somebody sounds is set with keys; where the film was made is an arrow away."""
    ada.page.keyboard.press("Control+k")
    ada.palette().fill("who and where")
    ada.page.keyboard.press("Enter")
    card = ada.page.get_by_role("article", name="MARGARET")
    card.get_by_role("button", name="Set the voice").focus(timeout=SOON_MS)
    ada.page.keyboard.press("Enter")
    ada.page.keyboard.type("gravelly")
    ada.page.keyboard.press("Tab")
    ada.page.keyboard.type("Cornish")
    ada.page.keyboard.press("Enter")
    expect(card).to_contain_text("Voice: gravelly, Cornish accent", timeout=SOON_MS)
    card.get_by_role("button", name="Change the voice").press("Enter")
    ada.page.keyboard.press("Escape")
    expect(card.get_by_label("Timbre")).to_have_count(0)
    ada.page.get_by_role("tab", name="Who").press("ArrowRight")
    place = ada.page.get_by_role("article", name="WHEELHOUSE")
    expect(place.get_by_role("img", name="The film of scene 3")).to_be_visible(timeout=SOON_MS)
    expect(place.get_by_title("Scene 3: night")).to_be_visible()
    if AXE.exists():
        assert accessible(ada) == []


def test_e86_a_team_chooses_shot_by_shot(enter: Enter, stack: Stack) -> None:
    """E-86, E-87: with keys alone: votes show at once to everybody, count one a person, and say whose they are; a shot
    is drawn anew with words, which what is sent shows; each shot's pick stands, and the film begins by one press with
    the rest as voted."""
    ada, bo = enter("Ada"), enter("Bo")
    ada.sign_in()
    ada.import_file(LAST_FERRY)
    bo.page.goto(shares(ada, "Bo", "Write"))
    ada.page.keyboard.press("Escape")
    ada.go_to_scene(3)
    bo.go_to_scene(3)
    ada.page.get_by_test_id("generate").click()
    ada.page.get_by_test_id("proceed").click(timeout=TAKE_MS)  # as it is: the lamp may burn by day
    expect(ada.job()).to_have_text("Pick a frame", timeout=TAKE_MS)
    expect(ada.page.get_by_test_id("countdown")).to_contain_text("The votes decide in")
    if AXE.exists():
        assert accessible(ada) == []

    frames = bo.page.get_by_test_id("panel")
    expect(frames).to_have_count(4, timeout=SOON_MS)
    frames.nth(0).focus()
    bo.page.keyboard.press("ArrowRight")
    bo.page.keyboard.press("v")
    vote = ada.page.get_by_test_id("vote").nth(1)
    expect(vote).to_have_attribute("aria-label", "Vote for frame 2, 1 vote: Bo", timeout=SOON_MS)
    vote.click()
    expect(bo.page.get_by_test_id("vote").nth(1)).to_have_attribute(
        "aria-label", "Vote for frame 2, 2 votes: Ada, Bo", timeout=SOON_MS
    )
    job = str(ada.job().get_attribute("data-job-id"))
    query = "query($id: ID!) { job(id: $id) { state panels { shot candidate votes note picked } } }"
    wait_until(lambda: stack.graphql(query, id=job)["job"]["panels"][1]["votes"] == 2, 15, "the server counts both")

    ada.page.get_by_test_id("by-shot").click()
    shots = ada.page.get_by_test_id("shot")
    expect(shots).to_have_count(5)
    shots.nth(0).get_by_test_id("revise").click()
    ada.type("closer, at night")
    ada.page.keyboard.press("Enter")
    expect(shots.nth(0).locator(".shot-note")).to_have_text("“closer, at night”", timeout=TAKE_MS)
    expect(ada.job()).to_have_text("Pick a frame", timeout=TAKE_MS)
    expect(shots.nth(0).get_by_text("Earlier frames")).to_be_visible()
    ada.page.get_by_test_id("sent").locator("summary").click()
    expect(ada.page.get_by_test_id("sent-prompt").first).to_contain_text("closer, at night", timeout=SOON_MS)
    expect(ada.page.get_by_test_id("sent-price").first).to_contain_text("animatic, nothing to pay", timeout=SOON_MS)

    shots.nth(0).get_by_test_id("shot-panel").nth(1).click()
    expect(shots.nth(0).get_by_test_id("shot-panel").nth(1)).to_have_attribute("aria-pressed", "true", timeout=SOON_MS)
    expect(bo.page.get_by_text("1 of 5 shots decided")).to_be_visible(timeout=SOON_MS)
    if AXE.exists():
        assert accessible(ada) == []
    bo.page.get_by_test_id("film-now").focus()
    bo.page.keyboard.press("Enter")
    for person in (ada, bo):
        expect(person.job()).to_have_text("The take is ready", timeout=TAKE_MS)
    panels = stack.graphql(query, id=job)["job"]["panels"]
    picked = {(p["shot"], p["candidate"], p["note"]) for p in panels if p["picked"]}
    assert (0, 1, "closer, at night") in picked
    assert (panels[0]["shot"], 1, "") in picked, "what both voted for"


def test_e67_a_running_job_is_cancelled_by_the_other_person(enter: Enter) -> None:
    """E-67: whoever sees a job may stop it; both are told, and the scene can be generated again."""
    ada, bo = enter("Ada"), enter("Bo")
    ada.sign_in()
    ada.import_file(LAST_FERRY)
    ada.go_to_scene(2)
    bo.sign_in()
    bo.open(ada.path)
    bo.at_the_desk()
    ada.page.keyboard.press("Control+Enter")
    expect(bo.page.get_by_test_id("cancel")).to_be_visible(timeout=SOON_MS)
    bo.page.get_by_test_id("cancel").click()
    for person in (ada, bo):
        expect(person.job()).to_have_text("Cancelled", timeout=SOON_MS)
        expect(person.page.get_by_test_id("generate")).to_be_enabled(timeout=SOON_MS)


def test_e08_an_empty_scene_is_refused_in_words(enter: Enter) -> None:
    """E-08: Generate on a scene without words says so, and no job is left behind."""
    ada = enter("Ada")
    ada.sign_in()
    ada.page.get_by_test_id("new-project").first.click()
    ada.page.get_by_test_id("new-project-title").fill("Nothing yet")
    ada.page.get_by_test_id("new-project-create").click()
    ada.page.get_by_test_id("new-scene").click()
    ada.at_the_desk()
    ada.put_caret(0)
    ada.page.keyboard.press("Control+a")
    ada.page.keyboard.press("Delete")
    ada.light("saved")
    ada.page.get_by_test_id("generate").click()
    expect(ada.page.get_by_test_id("toast").first).to_be_visible(timeout=SOON_MS)
    expect(ada.page.get_by_test_id("toast").first).to_contain_text("The scene has no text yet.")
    expect(ada.job()).to_have_count(0)

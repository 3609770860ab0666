"""What gisheat says, for the dialog of a tool and for the log file."""

from . import process
from .texts import tr


def listener_of(feedback, log):
    """A listener that tells a tool's feedback and the log, and is cancelled with the tool."""
    say = {"info": feedback.pushInfo, "warning": feedback.pushWarning, "log": feedback.pushConsoleInfo}

    def progress(share, text):
        feedback.setProgress(100.0 * share)
        if text:
            feedback.setProgressText(tr(text))

    def words(kind, text):
        log.info("%s: %s", kind, text)
        say.get(kind, feedback.pushWarning)(text)  # an error that is found is no end of the tool

    return process.Listener(progress, words, feedback.isCanceled)

"""The settings page: the environment of gisheat, made, checked and removed with one click each."""

from qgis.core import (
    QgsApplication,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProject,
    QgsSettings,
)
from qgis.gui import QgsFileWidget, QgsOptionsPageWidget
from qgis.PyQt.QtWidgets import (
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
)

from . import profile
from .texts import tr

ALGORITHM = "gisheat:environment"


class SettingsPage(QgsOptionsPageWidget):
    """State of the environment above, what can be done with it below."""

    def __init__(self, definitions, registry, parent=None):
        super().__init__(parent)
        self.definitions = definitions
        self.registry = registry
        self.work = None
        self.about = QLabel(
            tr(
                "gisheat runs in a Python environment of its own, apart from QGIS. One click makes it, from the"
                " internet or from a folder of wheels."
            )
        )
        self.about.setWordWrap(True)
        self.state = QLabel()
        self.state.setWordWrap(True)
        self.buttons = {}
        row = QHBoxLayout()
        for action, text in (
            ("make", tr("Make the environment")),
            ("check", tr("Check")),
            ("remove", tr("Remove")),
        ):
            self.buttons[action] = QPushButton(text)
            self.buttons[action].clicked.connect(lambda *_, chosen=action: self.start(chosen))
            row.addWidget(self.buttons[action])
        self.cancel = QPushButton(tr("Cancel"))
        self.cancel.clicked.connect(self.stop)
        row.addWidget(self.cancel)
        self.wheels = QgsFileWidget()
        self.wheels.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
        self.base = QgsFileWidget()
        self.python = QgsFileWidget()
        self.python.setFilePath(QgsSettings().value(profile.PYTHON, "", type=str))
        form = QFormLayout()
        form.addRow(tr("Folder of wheels, where there is no internet"), self.wheels)
        form.addRow(tr("Python to make it with, found by itself when empty"), self.base)
        form.addRow(tr("Use a Python of your own that has gisheat"), self.python)
        self.progress = QProgressBar()
        self.progress.setRange(0, 100)
        self.words = QPlainTextEdit()
        self.words.setReadOnly(True)
        column = QVBoxLayout(self)
        column.addWidget(self.about)
        column.addWidget(self.state)
        column.addLayout(row)
        column.addLayout(form)
        column.addWidget(self.progress)
        column.addWidget(self.words)
        self.show_state()

    def apply(self):
        """Keep the settings; called by QGIS when the options are confirmed."""
        QgsSettings().setValue(profile.PYTHON, self.python.filePath().strip())

    def show_state(self):
        """Say how the environment is, and offer what makes sense."""
        state = profile.status(self.definitions.version)
        self.state.setText(f"<b>{'✓' if state.ready else '✗'}</b> {state.sentence}")
        upgrade = state.kind in ("old", "broken") or (state.ready and profile.python()[1])
        self.buttons["make"].setText(tr("Upgrade the environment") if upgrade else tr("Make the environment"))
        busy = self.work is not None
        for button in self.buttons.values():
            button.setEnabled(not busy)
        self.buttons["remove"].setEnabled(not busy and profile.home().exists())
        self.cancel.setEnabled(busy)

    def start(self, action):
        """Run the tool in the background."""
        self.apply()
        values = {"action": action}
        if action == "make":
            values["wheels"] = self.wheels.filePath() or None
            values["python"] = self.base.filePath() or None
        self.words.clear()
        context = QgsProcessingContext()
        context.setProject(QgsProject.instance())
        feedback = QgsProcessingFeedback(False)
        feedback.progressChanged.connect(lambda share: self.progress.setValue(int(share)))
        algorithm = self.registry.algorithmById(ALGORITHM).create()
        task = QgsProcessingAlgRunnerTask(algorithm, values, context, feedback)
        task.executed.connect(lambda *_: self.ended(feedback))
        self.work = (task, feedback, context, algorithm)
        self.show_state()
        QgsApplication.taskManager().addTask(task)

    def stop(self):
        """Cancel what runs."""
        if self.work is not None:
            self.work[1].cancel()

    def ended(self, feedback):
        """Show what was said, and how the environment is now."""
        self.words.setPlainText(feedback.textLog())
        self.words.verticalScrollBar().setValue(self.words.verticalScrollBar().maximum())
        self.work = None
        self.show_state()

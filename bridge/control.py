"""Messages of the control socket: how tray, command line and tests steer the daemon.

Transport: DEALER (client) to ROUTER (daemon) on `control.sock`; each ZeroMQ part is one msgpack map with tag "t",
through `plugin_protocol.codec`. Every request is answered exactly once by a reply with the same `id`: its `Reply`
type or `Failed`. After `Subscribe`, events (`id` 0) arrive unasked until the client leaves.

Values only: nothing here decides anything. Unknown is None.
"""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, field

from bridge.control_base import MAX_LIST as MAX_LIST
from bridge.control_base import Called, Limit
from bridge.control_base import ControlMessage as _Control
from bridge.control_base import Done as Done
from bridge.control_claiming import BeginClaim as BeginClaim
from bridge.control_claiming import CancelClaim as CancelClaim
from bridge.control_claiming import ClaimDevice as ClaimDevice
from bridge.control_claiming import Claimed as Claimed
from bridge.control_claiming import ClaimState as ClaimState
from bridge.control_claiming import GetClaim as GetClaim
from bridge.control_claiming import UnclaimDevice as UnclaimDevice
from bridge.control_claiming import Unclaimed as Unclaimed
from bridge.control_claiming import WantCode as WantCode
from bridge.control_claiming import WhoAmI as WhoAmI
from bridge.control_claiming import Whoami as Whoami
from bridge.control_comments import CommentInfo as CommentInfo
from bridge.control_comments import CommentsAre as CommentsAre
from bridge.control_comments import DeleteComment as DeleteComment
from bridge.control_comments import EditComment as EditComment
from bridge.control_comments import ListComments as ListComments
from bridge.control_comments import ListNotifications as ListNotifications
from bridge.control_comments import NotificationInfo as NotificationInfo
from bridge.control_comments import NotificationsAre as NotificationsAre
from bridge.control_comments import NotificationsChanged as NotificationsChanged
from bridge.control_comments import OneComment as OneComment
from bridge.control_comments import ReadNotifications as ReadNotifications
from bridge.control_comments import ThreadInfo as ThreadInfo
from bridge.control_comments import WriteComment as WriteComment
from bridge.control_creations import AddCreation as AddCreation
from bridge.control_creations import CreationInfo as CreationInfo
from bridge.control_creations import CreationList as CreationList
from bridge.control_creations import DeleteCreation as DeleteCreation
from bridge.control_creations import EndLinks as EndLinks
from bridge.control_creations import GetRecordings as GetRecordings
from bridge.control_creations import HeldList as HeldList
from bridge.control_creations import HeldThere as HeldThere
from bridge.control_creations import InstrumentInfo as InstrumentInfo
from bridge.control_creations import InstrumentList as InstrumentList
from bridge.control_creations import LinkInfo as LinkInfo
from bridge.control_creations import LinkList as LinkList
from bridge.control_creations import ListCreations as ListCreations
from bridge.control_creations import ListHeld as ListHeld
from bridge.control_creations import ListInstruments as ListInstruments
from bridge.control_creations import ListLinks as ListLinks
from bridge.control_creations import LoopOfTake as LoopOfTake
from bridge.control_creations import OneCreation as OneCreation
from bridge.control_creations import PullCreation as PullCreation
from bridge.control_creations import PushCreation as PushCreation
from bridge.control_creations import RecordingInfo as RecordingInfo
from bridge.control_creations import RecordingList as RecordingList
from bridge.control_creations import RenameCreation as RenameCreation
from bridge.control_creations import RestoreCreation as RestoreCreation
from bridge.control_creations import ScoreKind as ScoreKind
from bridge.control_creations import ShareCreation as ShareCreation
from bridge.control_creations import ShowCreation as ShowCreation
from bridge.control_creations import SyncCreations as SyncCreations
from bridge.control_creations import Synced as Synced
from bridge.control_creations import SyncedOne as SyncedOne
from bridge.control_discover import Discover as Discover
from bridge.control_discover import Discovered as Discovered
from bridge.control_discover import DiscoveredList as DiscoveredList
from bridge.control_discover import FoundComment as FoundComment
from bridge.control_discover import FoundIs as FoundIs
from bridge.control_discover import PersonInfo as PersonInfo
from bridge.control_discover import SearchRelay as SearchRelay
from bridge.control_discover import Wanted as Wanted
from bridge.control_history import CopyHistory as CopyHistory
from bridge.control_history import GetHistory as GetHistory
from bridge.control_history import GetPeaks as GetPeaks
from bridge.control_history import HistoryIs as HistoryIs
from bridge.control_history import HistorySound as HistorySound
from bridge.control_history import HistoryStretch as HistoryStretch
from bridge.control_history import PeaksAre as PeaksAre
from bridge.control_live import GetHeard as GetHeard
from bridge.control_live import LiveMeasurement as LiveMeasurement
from bridge.control_live import LiveMeasurements as LiveMeasurements
from bridge.control_outbox import DiscardEntry as DiscardEntry
from bridge.control_outbox import EntryList as EntryList
from bridge.control_outbox import ListOutbox as ListOutbox
from bridge.control_outbox import PausePosting as PausePosting
from bridge.control_outbox import Posted as Posted
from bridge.control_outbox import PostTake as PostTake
from bridge.control_outbox import ResumePosting as ResumePosting
from bridge.control_outbox import RetryEntries as RetryEntries
from bridge.control_outbox import UndoPost as UndoPost
from bridge.control_part import Part
from bridge.control_people import ChangePerson as ChangePerson
from bridge.control_people import DeleteAccount as DeleteAccount
from bridge.control_people import EditProfile as EditProfile
from bridge.control_people import ExportAccount as ExportAccount
from bridge.control_people import ExportIs as ExportIs
from bridge.control_people import GetProfile as GetProfile
from bridge.control_people import ListPeople as ListPeople
from bridge.control_people import PeopleAre as PeopleAre
from bridge.control_people import PeopleList as PeopleList
from bridge.control_people import PersonChange as PersonChange
from bridge.control_people import ProfileInfo as ProfileInfo
from bridge.control_people import ProfileIs as ProfileIs
from bridge.control_people import ReportThis as ReportThis
from bridge.control_people import SetPicture as SetPicture
from bridge.control_posts import DeletePost as DeletePost
from bridge.control_posts import EditPost as EditPost
from bridge.control_posts import ForgetVersion as ForgetVersion
from bridge.control_posts import Licence as Licence
from bridge.control_posts import ListPosts as ListPosts
from bridge.control_posts import ListVersions as ListVersions
from bridge.control_posts import OnePost as OnePost
from bridge.control_posts import PostInfo as PostInfo
from bridge.control_posts import PostList as PostList
from bridge.control_posts import PostTerms as PostTerms
from bridge.control_posts import ProcessAgain as ProcessAgain
from bridge.control_posts import ReplaceSound as ReplaceSound
from bridge.control_posts import ShownTo as ShownTo
from bridge.control_posts import VersionInfo as VersionInfo
from bridge.control_posts import VersionList as VersionList
from bridge.control_preview import GetSound as GetSound
from bridge.control_preview import PlayPreview as PlayPreview
from bridge.control_preview import PreviewChanged as PreviewChanged
from bridge.control_preview import PreviewInfo as PreviewInfo
from bridge.control_preview import Previewing as Previewing
from bridge.control_preview import SoundIs as SoundIs
from bridge.control_recovery import DiscardRecovered as DiscardRecovered
from bridge.control_recovery import GetRecovery as GetRecovery
from bridge.control_recovery import Recovery as Recovery
from bridge.control_recovery import StretchInfo as StretchInfo
from bridge.control_sets import DiscardSet as DiscardSet
from bridge.control_sets import KeepAll as KeepAll
from bridge.control_sets import ListSets as ListSets
from bridge.control_sets import MixSet as MixSet
from bridge.control_sets import OneSet as OneSet
from bridge.control_sets import SetInfo as SetInfo
from bridge.control_sets import SetList as SetList
from bridge.control_sets import SetTake as SetTake
from bridge.control_sets import ShowSet as ShowSet
from bridge.control_settings import AtLoginIs as AtLoginIs
from bridge.control_settings import ChangeSetting as ChangeSetting
from bridge.control_settings import GetAtLogin as GetAtLogin
from bridge.control_settings import GetSettings as GetSettings
from bridge.control_settings import ReloadSettings as ReloadSettings
from bridge.control_settings import SetAtLogin as SetAtLogin
from bridge.control_settings import SettingInfo as SettingInfo
from bridge.control_settings import Settings as Settings
from bridge.control_settings import SettingsReloaded as SettingsReloaded
from bridge.control_sharing import DeviceInfo as DeviceInfo
from bridge.control_sharing import DevicesAre as DevicesAre
from bridge.control_sharing import EndSignIns as EndSignIns
from bridge.control_sharing import GetPreferences as GetPreferences
from bridge.control_sharing import ListDevices as ListDevices
from bridge.control_sharing import ListRemixes as ListRemixes
from bridge.control_sharing import ListSaved as ListSaved
from bridge.control_sharing import ListSignIns as ListSignIns
from bridge.control_sharing import ListWho as ListWho
from bridge.control_sharing import PreferencesAre as PreferencesAre
from bridge.control_sharing import Repost as Repost
from bridge.control_sharing import RevokeDevice as RevokeDevice
from bridge.control_sharing import SavePost as SavePost
from bridge.control_sharing import SetPreferences as SetPreferences
from bridge.control_sharing import SignInInfo as SignInInfo
from bridge.control_sharing import SignInsAre as SignInsAre
from bridge.control_sharing import SignInsEnded as SignInsEnded
from bridge.control_sharing import WhoAre as WhoAre
from bridge.control_sharing import WhoDid as WhoDid
from bridge.control_takes import DeleteTake as DeleteTake
from bridge.control_takes import DiscardTake as DiscardTake
from bridge.control_takes import ImportSound as ImportSound
from bridge.control_takes import ListTakes as ListTakes
from bridge.control_takes import OneTake as OneTake
from bridge.control_takes import RenameTake as RenameTake
from bridge.control_takes import RestoreTake as RestoreTake
from bridge.control_takes import ShowTake as ShowTake
from bridge.control_takes import TagTake as TagTake
from bridge.control_takes import TakeList as TakeList
from bridge.control_takes import TrimTake as TrimTake
from bridge.control_values import AlikeInfo as AlikeInfo
from bridge.control_values import EntryInfo as EntryInfo
from bridge.control_values import InstanceInfo as InstanceInfo
from bridge.control_values import ItemInfo as ItemInfo
from bridge.control_values import SoundInfo as SoundInfo
from bridge.control_values import TakeInfo as TakeInfo
from bridge.control_values import Url
from plugin_protocol.message_base import U32, U63, Bars, Line, Seconds, Short, Title

CONTROL_API = 1
MAX_FRIENDS = 32  # named in a status
MAX_FINGERPRINT_BYTES = 4000  # of a request: a minute and a half says which sound it is


# replies ------------------------------------------------------------------------------------------------------


class Failed(_Control, frozen=True, kw_only=True, tag="failed"):
    """The request was not carried out. `code` is stable; `message` is a sentence; `next_step` says what to do."""

    code: Short
    message: Line
    next_step: Line = ""


class Status(_Control, frozen=True, kw_only=True, tag="status_is"):
    """One look at everything."""

    api: int
    version: Short
    pid: U32
    uptime_s: float
    state: Short  # the state shown by tray and CLI: see daemon.core.health
    sentence: Line
    relay_url: Url | None
    account: Short | None
    instances: list[InstanceInfo]
    takes: U32
    outbox: dict[Short, int]  # entry state -> count
    recent: list[TakeInfo]
    friends_producing: U32 = 0
    friends: list[Short] = field(default_factory=list)  # their names, MAX_FRIENDS at most
    previews: list[PreviewInfo] = field(default_factory=list)
    notices: list[Line] = field(
        default_factory=list
    )  # sentences besides the state: a rebuilt library, a disk in trouble
    recovered: list[StretchInfo] = field(
        default_factory=list
    )  # the newest that nobody has kept or discarded yet
    unread: U32 = 0  # notifications, as the relay told last
    deeds_waiting: U32 = 0  # likes, reactions and follows that wait for the relay
    paused: bool = False  # posting is
    paused_s: float | None = None  # for so long, from now on; None: until it is resumed
    tells_presence: bool | None = None
    do_not_disturb: bool | None = None
    next_step: Line = ""  # what the person can do about the state; "": nothing, or a daemon of before


class SimilarTakes(_Control, frozen=True, kw_only=True, tag="similar_are"):
    found: list[AlikeInfo]  # the same sound first, then what is like it


class Feed(_Control, frozen=True, kw_only=True, tag="feed_is"):
    items: list[ItemInfo]
    offline: bool  # True: from the cache, the relay was not asked


class DeedDone(_Control, frozen=True, kw_only=True, tag="deed_done"):
    """waits: not done yet; it is when the relay can be reached, also after a restart."""

    waits: bool = False


class InstanceList(_Control, frozen=True, kw_only=True, tag="instances_are"):
    instances: list[InstanceInfo]


# requests -----------------------------------------------------------------------------------------------------


class GetStatus(_Control, frozen=True, kw_only=True, tag="status"):
    Reply: ClassVar = Status


class ListInstances(_Control, frozen=True, kw_only=True, tag="instances"):
    Reply: ClassVar = InstanceList


class KeepTake(Part, frozen=True, kw_only=True, tag="keep_take"):
    """Make a Take."""

    Reply: ClassVar = OneTake

    title: Title = ""
    post: bool = False


class RepairTake(_Control, frozen=True, kw_only=True, tag="repair_take"):
    """Mend the seam of a Take's loop, and make all its files again. The sound as played stays what it is.

    how: "fade" (3 ms at both ends), "wrap" (what rang on after the last bar goes under the first), None: what its seam
    asks for.
    """

    Reply: ClassVar = OneTake

    take_id: Called
    how: Literal["fade", "wrap"] | None = None


class UndoRepair(_Control, frozen=True, kw_only=True, tag="undo_repair"):
    Reply: ClassVar = OneTake

    take_id: Called


class RenderTake(_Control, frozen=True, kw_only=True, tag="render_take"):
    """Make all files of a Take anew from its sound."""

    Reply: ClassVar = Done

    take_id: Called


class FindSimilar(_Control, frozen=True, kw_only=True, tag="similar"):
    """Have I made this before? By a Take, or by what was heard in a file (daemon.core.analysis.TakeAnalysis)."""

    Reply: ClassVar = SimilarTakes

    take_id: Called | None = None
    fingerprint: Annotated[bytes, Meta(max_length=MAX_FINGERPRINT_BYTES)] = b""
    embedding: Annotated[bytes, Meta(max_length=256)] = b""
    limit: Annotated[int, Meta(ge=1, le=50)] = 10


class KeepRecovered(_Control, frozen=True, kw_only=True, tag="keep_recovered"):
    """Make a Take of a stretch: its last bars, its last seconds, or all of it (15 minutes at most).

    `stretch_id` may be any unique prefix, or "last". `before_end_s`: end so long before the stretch does.
    """

    Reply: ClassVar = OneTake

    stretch_id: Short
    bars: Bars | None = None
    seconds: Seconds | None = None
    before_end_s: Annotated[float, Meta(ge=0.0, le=3600.0)] = 0.0
    title: Title = ""


class GetFeed(_Control, frozen=True, kw_only=True, tag="feed"):
    """stored: what lies here, at once; the relay is not asked."""

    Reply: ClassVar = Feed

    limit: Limit = 20
    stored: bool = False


class FollowUser(_Control, frozen=True, kw_only=True, tag="follow"):
    Reply: ClassVar = DeedDone

    username: Short
    follow: bool = True


class LikePost(_Control, frozen=True, kw_only=True, tag="like"):
    """Like, or take that back. `post_id` may be the start of an id in the feed, or the post's address; so in ReactPost."""

    Reply: ClassVar = DeedDone

    post_id: Annotated[str, Meta(max_length=1024)]
    like: bool = True


class ReactPost(_Control, frozen=True, kw_only=True, tag="react"):
    """React with an emoji of those the relay has, or take that back."""

    Reply: ClassVar = DeedDone

    post_id: Annotated[str, Meta(max_length=1024)]
    emoji: Annotated[str, Meta(min_length=1, max_length=16)]
    react: bool = True


class StopPreviews(_Control, frozen=True, kw_only=True, tag="stop_previews"):
    """Fade out what plays through `instance`, or through all."""

    Reply: ClassVar = Done

    instance: Short | None = None


class Subscribe(_Control, frozen=True, kw_only=True, tag="subscribe"):
    """From now on this client gets the events below."""

    Reply: ClassVar = Done


class Shutdown(_Control, frozen=True, kw_only=True, tag="shutdown"):
    Reply: ClassVar = Done


# events (id 0) ------------------------------------------------------------------------------------------------


class StateChanged(_Control, frozen=True, kw_only=True, tag="state_changed"):
    """Something that Status shows has changed; ask again when you care. Coalesced to 10 a second."""


class Progress(_Control, frozen=True, kw_only=True, tag="progress"):
    """A Take moves through the pipeline or the outbox: real stage ends and bytes that arrived, never a guess."""

    take_id: Short
    stage: Short  # "measure", "encode", "verify", "flac", "draw", "upload"
    fraction: Annotated[float, Meta(ge=0.0, le=1.0)]
    sent_bytes: U63 | None = None  # of an upload: what the relay has
    size_bytes: U63 | None = None


class TakeChanged(_Control, frozen=True, kw_only=True, tag="take_changed"):
    take: TakeInfo


class ItemArrived(_Control, frozen=True, kw_only=True, tag="item_arrived"):
    item: ItemInfo


Request = (
    GetStatus | GetSettings | ReloadSettings | ChangeSetting | GetAtLogin | SetAtLogin | ListInstances | KeepTake | ListTakes | ShowTake | RenameTake | TagTake | ImportSound | TrimTake | DiscardTake | RestoreTake | DeleteTake | KeepAll | ListSets | ShowSet | DiscardSet | MixSet | PostTake | GetFeed | Discover | SearchRelay
    | FindSimilar | RepairTake | UndoRepair | GetHistory | CopyHistory | GetPeaks | GetRecovery | KeepRecovered | DiscardRecovered | ListOutbox | RetryEntries | DiscardEntry | UndoPost | PausePosting | ResumePosting | RenderTake
    | ClaimDevice | BeginClaim | GetClaim | WantCode | CancelClaim | UnclaimDevice | WhoAmI | FollowUser | LikePost | ReactPost | ListPosts | EditPost | DeletePost | ReplaceSound | ProcessAgain | ListVersions | ForgetVersion | ListComments | WriteComment | EditComment | DeleteComment | ListNotifications | ReadNotifications | GetPreferences | SetPreferences | SavePost | ListSaved | ListRemixes | Repost | ListWho | ListSignIns | EndSignIns | ListDevices | RevokeDevice | GetProfile | EditProfile | SetPicture | ListPeople | ChangePerson | ReportThis | ExportAccount | DeleteAccount | ListCreations | ShowCreation | AddCreation | RenameCreation | DeleteCreation | RestoreCreation | PushCreation | PullCreation | SyncCreations | ListHeld | LoopOfTake | ShareCreation | ListLinks | EndLinks | ListInstruments | GetRecordings | PlayPreview | GetSound | GetHeard | StopPreviews | Subscribe | Shutdown
)  # fmt: skip
Reply = (
    Failed
    | Done
    | Status
    | Settings
    | AtLoginIs
    | SettingsReloaded
    | TakeList
    | EntryList
    | OneTake
    | OneSet
    | SetList
    | SimilarTakes
    | Feed
    | Discovered
    | FoundIs
    | Posted
    | DeedDone
    | PostList
    | OnePost
    | VersionList
    | WhoAre
    | SignInsAre
    | SignInsEnded
    | DevicesAre
    | PreferencesAre
    | CommentsAre
    | OneComment
    | NotificationsAre
    | ProfileIs
    | PeopleAre
    | ExportIs
    | CreationList
    | OneCreation
    | InstrumentList
    | RecordingList
    | Synced
    | HeldList
    | LinkList
    | Claimed
    | Previewing
    | SoundIs
    | LiveMeasurements
    | ClaimState
    | Unclaimed
    | HistoryIs
    | HistorySound
    | PeaksAre
    | Recovery
    | Whoami
    | InstanceList
)
Event = StateChanged | Progress | TakeChanged | ItemArrived | NotificationsChanged | PreviewChanged
ToClient = Reply | Event

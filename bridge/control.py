"""Messages of the control socket: how tray, command line and tests steer the daemon.

Transport: DEALER (client) to ROUTER (daemon) on `control.sock`; each ZeroMQ part is one msgpack map with tag "t",
through `plugin_protocol.codec`. Every request is answered exactly once by a reply with the same `id`: its `Reply`
type or `Failed`. After `Subscribe`, events (`id` 0) arrive unasked until the client leaves.

Values only: nothing here decides anything. Unknown is None.
"""

from bridge.control_base import MAX_LIST as MAX_LIST
from bridge.control_base import Done as Done
from bridge.control_base import Failed as Failed
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
from bridge.control_feed import DeedDone as DeedDone
from bridge.control_feed import Feed as Feed
from bridge.control_feed import FollowUser as FollowUser
from bridge.control_feed import GetFeed as GetFeed
from bridge.control_feed import ItemArrived as ItemArrived
from bridge.control_feed import LikePost as LikePost
from bridge.control_feed import ReactPost as ReactPost
from bridge.control_history import CopyHistory as CopyHistory
from bridge.control_history import GetHistory as GetHistory
from bridge.control_history import GetPeaks as GetPeaks
from bridge.control_history import HistoryIs as HistoryIs
from bridge.control_history import HistorySound as HistorySound
from bridge.control_history import HistoryStretch as HistoryStretch
from bridge.control_history import PeaksAre as PeaksAre
from bridge.control_likeness import MAX_FINGERPRINT_BYTES as MAX_FINGERPRINT_BYTES
from bridge.control_likeness import FindSimilar as FindSimilar
from bridge.control_likeness import SimilarTakes as SimilarTakes
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
from bridge.control_preview import StopPreviews as StopPreviews
from bridge.control_recovery import DiscardRecovered as DiscardRecovered
from bridge.control_recovery import GetRecovery as GetRecovery
from bridge.control_recovery import KeepRecovered as KeepRecovered
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
from bridge.control_status import MAX_FRIENDS as MAX_FRIENDS
from bridge.control_status import GetStatus as GetStatus
from bridge.control_status import InstanceList as InstanceList
from bridge.control_status import ListInstances as ListInstances
from bridge.control_status import Shutdown as Shutdown
from bridge.control_status import StateChanged as StateChanged
from bridge.control_status import Status as Status
from bridge.control_status import Subscribe as Subscribe
from bridge.control_takes import DeleteTake as DeleteTake
from bridge.control_takes import DiscardTake as DiscardTake
from bridge.control_takes import ImportSound as ImportSound
from bridge.control_takes import KeepTake as KeepTake
from bridge.control_takes import ListTakes as ListTakes
from bridge.control_takes import OneTake as OneTake
from bridge.control_takes import Progress as Progress
from bridge.control_takes import RenameTake as RenameTake
from bridge.control_takes import RenderTake as RenderTake
from bridge.control_takes import RepairTake as RepairTake
from bridge.control_takes import RestoreTake as RestoreTake
from bridge.control_takes import ShowTake as ShowTake
from bridge.control_takes import TagTake as TagTake
from bridge.control_takes import TakeChanged as TakeChanged
from bridge.control_takes import TakeList as TakeList
from bridge.control_takes import TrimTake as TrimTake
from bridge.control_takes import UndoRepair as UndoRepair
from bridge.control_values import AlikeInfo as AlikeInfo
from bridge.control_values import EntryInfo as EntryInfo
from bridge.control_values import InstanceInfo as InstanceInfo
from bridge.control_values import ItemInfo as ItemInfo
from bridge.control_values import SoundInfo as SoundInfo
from bridge.control_values import TakeInfo as TakeInfo

CONTROL_API = 1


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

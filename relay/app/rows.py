"""The table of all that a relay answers: the rows of every feature, of its health, its documents and the site's frame."""

from collections.abc import Callable
from dataclasses import dataclass

from relay.app import documents, facts, health
from relay.app.config import Config
from relay.app.engines import Engines
from relay.app.gate import Gate
from relay.app.post_services import PostServices
from relay.app.services import LiveServices, PeopleServices, SignInServices
from relay.app.site import frame
from relay.app.site.views import Views
from relay.core.calls import AnyRow, Render, SignIn
from relay.features.accounts.linking import LinkPages
from relay.features.accounts.newcomers import Registration
from relay.features.accounts.operations import AccountOperations, sign_in_page
from relay.features.activity import operations as activity
from relay.features.analytics import choosing as analytics_choosing
from relay.features.analytics import operations as analytics
from relay.features.analytics import relay_operations as relay_analytics
from relay.features.analytics.content import Content
from relay.features.comments import operations as comments
from relay.features.comments.beat_operations import BeatComments
from relay.features.comments.pages import CommentPages
from relay.features.creations import embeds, media, own_pages, owning_operations, upload_page
from relay.features.creations.operations import PostOperations
from relay.features.creations.post_page import PostPage
from relay.features.creations.remix_list import RemixList
from relay.features.creations.signed_links import SignedLinks
from relay.features.creations.sound_page import SoundPage
from relay.features.creations.version_operations import VersionOperations
from relay.features.deliveries import operations as deliveries
from relay.features.deliveries.pages import DeliveryPages
from relay.features.deliveries.service import Deliveries
from relay.features.devices.claim_pages import ClaimPages
from relay.features.devices.oauth import OAuthEndpoints
from relay.features.devices.operations import DeviceOperations
from relay.features.feeds import feed_pages
from relay.features.feeds import operations as feeds
from relay.features.feeds.page_cache import PageCache
from relay.features.feeds.score_pages import ScorePages
from relay.features.graph import beat_operations as graph_beats
from relay.features.graph import pages as graph_pages
from relay.features.graph.operations import GraphOperations
from relay.features.guests import operations as guests
from relay.features.instruments import operations as instruments
from relay.features.jobs import operations as jobs
from relay.features.leaving import operations as leaving
from relay.features.listening.downloading_operations import DownloadingOperations
from relay.features.listening.notes_operations import NotesOperations
from relay.features.listening.operations import ListeningOperations
from relay.features.listening.separating_operations import SeparatingOperations
from relay.features.live import operations as live
from relay.features.mail.operations import MailPages
from relay.features.moderation import operations as moderation
from relay.features.moderation import pages as moderation_pages
from relay.features.notifications import operations as notifications
from relay.features.notifications import pages as notification_pages
from relay.features.passwords.beat_operations import BeatSignIn
from relay.features.passwords.forgotten import ForgottenPages
from relay.features.passwords.operations import RESET, PasswordPages
from relay.features.passwords.two_step import TwoStepPages
from relay.features.preferences.operations import Choosing
from relay.features.profiles import operations as profiles
from relay.features.profiles import pages as profile_pages
from relay.features.profiles import playground as playground_profile
from relay.features.profiles.beat_operations import OwnUsers
from relay.features.reactions import beat_operations as reaction_beats
from relay.features.reactions import operations as reactions
from relay.features.reactions import pages as reaction_pages
from relay.features.recommending.operations import RecommendingOperations
from relay.features.recommending.pages import RecommendingPages
from relay.features.samples import operations as samples
from relay.features.search.operations import Search
from relay.features.studio import migration_operations, playground_operations, rendering_operations
from relay.features.studio import operations as studio
from relay.features.studio.beat_operations import Patterns
from relay.features.studio.kit import Kit
from relay.features.studio.link_operations import LinkOperations
from relay.features.studio.links_page import LinksPage
from relay.features.studio.shared_page import SharedPage
from relay.features.studio.writing_operations import WritingOperations
from relay.features.uploads.operations import UploadOperations
from relay.features.usage import operations as usage
from relay.features.usage.service import Usage


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """What the rows are made of; each feature is given what it needs of it."""

    config: Config
    base_url: str
    engines: Engines
    live: LiveServices
    sign_in: SignInServices
    posts: PostServices
    people: PeopleServices
    deliveries: Deliveries
    kit: Kit
    pages: PageCache
    gate: Gate
    views: Views
    render: Render
    is_draining: Callable[[], bool]

    def rows(self) -> list[AnyRow]:
        """The documents come last: they are made of the others."""
        rows = [
            *self._sign_in(),
            *self._people(),
            *self._posts(),
            *self._own(),
            *self._said(),
            *self._feeds(),
            *studio.rows(self.kit, self.posts.instruments, self.render),
            *WritingOperations(self.posts.writing, self.posts.owning).rows(),
            *playground_operations.rows(
                self.posts.writing, self.posts.sharing, self.posts.owning, self.base_url
            ),
            *Patterns(
                writing=self.posts.writing,
                sharing=self.posts.sharing,
                rendering=self.posts.rendering,
                owning=self.posts.owning,
                base_url=self.base_url,
            ).rows(),
            *SharedPage(
                db=self.engines.db,
                writing=self.posts.writing,
                base_url=self.base_url,
                render=self.render,
            ).rows(),
            *LinkOperations(db=self.engines.db, base_url=self.base_url).rows(),
            *LinksPage(db=self.engines.db, base_url=self.base_url, render=self.render).rows(),
            *migration_operations.rows(self.posts.migrating),
            *samples.rows(self.posts.samples),
            *instruments.rows(self.posts.instruments, self.kit.expect),
            *rendering_operations.rows(self.posts.rendering, self.posts.writing, self.posts.jobs.one),
            *self._listening(),
            *live.rows(self.live.live, self.live.tickets),
            *self._health(),
            *frame.rows(self.views, self.render, self.base_url),
        ]
        return [*rows, *documents.rows(list(rows), self.render)]

    def _people(self) -> list[AnyRow]:
        """What people say of themselves, and of each other."""
        given, used = self.people, Usage(self.engines.db)
        return [
            *guests.rows(given.guests),
            *profiles.rows(given.profiles),
            *playground_profile.rows(given.profiles),
            *OwnUsers(db=self.engines.db, profiles=given.profiles).rows(),
            *Choosing(self.engines.db, self.render).rows(),
            *activity.rows(self.engines.db),
            *usage.rows(used),
            *relay_analytics.rows(
                self.engines.db, Content(self.engines.db, used, self.base_url), self.render
            ),
            *analytics.rows(self.engines.db, self.base_url, self.render),
            *analytics_choosing.rows(self.engines.db, self.render),
            *profile_pages.rows(given.profiles, self.render),
            *GraphOperations(graph=given.graph).rows(),
            *graph_beats.rows(given.graph),
            *graph_pages.rows(given.graph, self.render),
            *moderation.rows(given.moderation, given.inspecting, self.engines.objects),
            *moderation_pages.rows(given.moderation, given.inspecting, self.render),
        ]

    def _sign_in(self) -> list[AnyRow]:
        """Accounts, their sign-ins and their devices."""
        given, dev = self.sign_in, self.config.dev
        passwords = given.passwords
        is_open = given.newcomers.registration is Registration.OPEN
        sign_in = sign_in_page(given.upstreams, self.render, lambda: passwords.takes_any, is_open)
        return [
            *AccountOperations(
                accounts=given.accounts,
                newcomers=given.newcomers,
                upstreams=given.upstreams,
                links=given.links,
                dev=dev,
                require_sign_up=self.gate.require_sign_up,
                sign_in=sign_in,
            ).rows(),
            *LinkPages(links=given.links, upstreams=given.upstreams, render=self.render).rows(),
            *self._passwords(sign_in),
            *DeviceOperations(
                devices=given.devices, families=given.families, tokens=given.tokens, dev=dev
            ).rows(),
            *OAuthEndpoints(codes=given.codes, grants=given.grants, base_url=self.base_url).rows(),
            *ClaimPages(
                codes=given.codes,
                grants=given.grants,
                wrong_codes=given.wrong_codes,
                owned=given.devices,
                base_url=self.base_url,
                render=self.render,
                sign_in=sign_in,
            ).rows(),
        ]

    def _passwords(self, sign_in: SignIn) -> list[AnyRow]:
        """Signing in by a password, what helps who forgot it, and codes beside it."""
        given = self.sign_in
        providers = {each.name: each.title for each in given.upstreams.configured.values()}
        forgotten = ForgottenPages(
            db=self.engines.db,
            sending=given.sending,
            base_url=self.base_url,
            reset_path=RESET,
            render=self.render,
        )
        return [
            *PasswordPages(
                passwords=given.passwords, render=self.render, sign_in_page=sign_in, providers=providers
            ).rows(),
            *forgotten.rows(),
            *BeatSignIn(
                db=self.engines.db,
                passwords=given.passwords,
                forgotten=forgotten,
                registration=given.newcomers.registration,
                base_url=self.base_url,
            ).rows(),
            *MailPages(addresses=given.addresses, render=self.render).rows(),
            *TwoStepPages(db=self.engines.db, render=self.render, base_url=self.base_url).rows(),
        ]

    def _posts(self) -> list[AnyRow]:
        """Uploads, and what becomes of them."""
        config, engines, given = self.config, self.engines, self.posts
        sound = media.media(
            engines.db,
            engines.objects,
            audio_cache_s=config.audio_cache_s,
            audio_links_s=config.audio_links_s,
        )
        return [
            *UploadOperations(
                uploads=given.uploads, expect_audio=given.encoder.expect, max_bytes=config.max_upload_bytes
            ).rows(),
            *PostOperations(
                db=engines.db,
                encoder=given.encoder,
                publishing=given.publishing,
                workers=given.workers,
                uploads=given.uploads,
                base_url=self.base_url,
                max_upload_bytes=config.max_upload_bytes,
                require_live=self.sign_in.tokens.require_live,
            ).rows(),
            *PostPage(
                db=engines.db,
                base_url=self.base_url,
                comments=given.comments.newest,
                beside=given.recommending.beside,
                render=self.render,
            ).rows(),
            *sound.rows(),
            *SignedLinks(media=sound, signer=self.sign_in.signer, base_url=self.base_url).rows(),
            *VersionOperations(
                encoder=given.encoder,
                publishing=given.publishing,
                replacing=given.replacing,
                workers=given.workers,
                uploads=given.uploads,
                max_upload_bytes=config.max_upload_bytes,
                require_live=self.sign_in.tokens.require_live,
            ).rows(),
        ]

    def _listening(self) -> list[AnyRow]:
        """What is found out of sound, and made of it."""
        given = self.posts
        objects, base_url = self.engines.objects, self.base_url
        return [
            *ListeningOperations(
                hearing=given.hearing,
                work=given.listening,
                workers=given.workers,
                uploads=given.uploads,
                objects=objects,
                base_url=base_url,
                max_bytes=self.config.max_upload_bytes,
            ).rows(),
            *DownloadingOperations(db=self.engines.db, fetching=given.fetching).rows(),
            *SeparatingOperations(
                hearing=given.hearing, objects=objects, base_url=base_url, models=given.listening.models
            ).rows(),
            *NotesOperations(hearing=given.hearing, base_url=base_url, models=given.listening.models).rows(),
        ]

    def _own(self) -> list[AnyRow]:
        """One's posts after posting, what else is made for one, and one's leaving."""
        config, engines, given = self.config, self.engines, self.posts
        return [
            *owning_operations.rows(given.owning),
            *own_pages.rows(given.owning, self.render),
            *RemixList(db=self.engines.db, base_url=self.base_url, render=self.render).rows(),
            *upload_page.rows(engines.db, self.render, config.max_upload_bytes),
            *SoundPage(
                owning=given.owning,
                replacing=given.replacing,
                render=self.render,
                max_bytes=config.max_upload_bytes,
            ).rows(),
            *embeds.rows(engines.db, base_url=self.base_url, render=self.render),
            *jobs.rows(given.jobs),
            *leaving.rows(given.leaving, given.jobs.one, self.render),
        ]

    def _said(self) -> list[AnyRow]:
        """What people say and do to it, and how they hear of that."""
        given = self.posts
        return [
            *reactions.rows(given.reactions),
            *reactions.keeping_rows(given.keeping, given.plays),
            *reactions.list_rows(given.lists),
            *reaction_pages.rows(given.keeping, given.lists, self.render),
            *comments.rows(given.comments),
            *reaction_beats.rows(given.reactions, given.plays),
            *BeatComments(self.engines.db, given.comments, self.base_url).rows(),
            *notifications.rows(given.notifications),
            *notification_pages.rows(given.notifications, self.render),
            *deliveries.rows(self.deliveries),
            *DeliveryPages(deliveries=self.deliveries, render=self.render).rows(),
            *CommentPages(comments=given.comments, render=self.render).rows(),
        ]

    def _health(self) -> list[AnyRow]:
        """What the relay says of itself."""
        engines = self.engines
        return [
            *health.rows(engines.db, engines.objects, engines.bus, engines.tasks, self.is_draining),
            *facts.rows(self.config, self.base_url, self.posts.listening.models),
        ]

    def _feeds(self) -> list[AnyRow]:
        """Who follows whom, and what they see of it."""
        db, is_live = self.engines.db, self.live.presence.is_live
        cache_s = self.config.feed_cache_s
        return [
            *feeds.rows(db, base_url=self.base_url, cache_s=cache_s, pages=self.pages),
            *ScorePages(db=self.engines.db, base_url=self.base_url, render=self.render).rows(),
            *feed_pages.rows(
                db, base_url=self.base_url, pages=self.pages, is_live=is_live, render=self.render
            ),
            *RecommendingOperations(recommending=self.posts.recommending).rows(),
            *RecommendingPages(recommending=self.posts.recommending, render=self.render).rows(),
            *Search(db=db, base_url=self.base_url, render=self.render).rows(),
        ]

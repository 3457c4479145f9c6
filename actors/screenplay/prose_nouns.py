"""Nouns that name people, places and vehicles, and the marks of proper names: tables for readers of prose.

Invariant: tables only, lower case, singular and plural as they stand. Chosen by hand from everyday English and from
the heads of the training part of LitBank (Bamman, Popat and Shen 2019, CC BY 4.0).
"""

from __future__ import annotations

from typing import Literal

from actors.screenplay.vocabulary import words

EntityKind = Literal["person", "building", "region", "nature", "vehicle", "group"]

NOUNS: dict[EntityKind, frozenset[str]] = {
    "person": words("""
        man mother father men boy boys people woman women wife children child girl girls family doctor sister sisters
        sir lady ladies son sons master masters friend friends uncle gentleman gentlemen daughter daughters fellow
        fellows brother brothers aunt captain cousin person persons officer officers husband husbands visitor visitors
        stranger strangers widow widower lad lads servant servants companion companions passenger passengers nurse
        nurses neighbour neighbours neighbor neighbors fool inhabitant inhabitants sailor sailors comrade comrades
        surgeon mistress soldier soldiers slave slaves orphan orphans folks crowd crowds parent parents lover lovers
        guide parson priest priests maid maids nobleman author grandfather grandmother commander gardener mama mamma
        papa baby babies cook mate patient patients devil housekeeper niece nephew relatives artist passer-by
        practitioner customer customers coachman warrior warriors sister-in-law brother-in-law suitor clerk clerks
        grandson ancestor ancestors clergyman governess seaman guest guests student students workman workmen members
        reader readers teacher teachers painter painters carpenter shepherd squire chap driver porter butler enemies
        prince princess king queen player prisoner valet couple hostess host schoolmaster president poet poets heroine
        hero observer attendant wives trader hunter miner miners philosopher chief farmer farmers emperor missionaries
        landlord landlady lodger astronomer physician instructor pupil pupils corporal sergeant lieutenant colonel major
        everybody nobody somebody anybody everyone anyone someone policeman policemen detective waiter waitress
        bartender guard guards reporter engineer pilot keeper lawyer captains messengers
        watchman watchmen ghost ghosts witch witches murderer murderers senator senators
        judge nun monk thief bandit sheriff cowboy agent
        professor scientist dancer singer actor actress director editor barber tailor baker butcher grocer messenger
        stewardess steward fisherman fishermen villager villagers peasant peasants bride groom bridegroom twin twins
        """),
    "building": words("""
        house houses room rooms home garden gardens road roads street streets drawing-room hall parish kitchen store
        stores church churches parlour parlor school farm veranda verandah station library nursery hospital building
        buildings yard shop shops stairs camp cottage cottages workhouse churchyard inn chamber dining-room bedroom
        bedrooms stable stables mansion castle flat saloon hotel mine mines estate bungalow asylum alley alleys
        sidewalk deck cabin cabins sitting-room treasury apartment apartments studio orchard shed theatre theatres
        dormitory bathroom closet tower lodge mill mills downstairs upstairs hallway corridor attic cellar basement
        office offices lobby barn lighthouse prison jail pier dock docks harbour harbor bridge tavern pub bar
        restaurant cafe palace temple chapel monastery factory warehouse garage tent elevator lift lane path courtyard
        terrace balcony porch drive avenue square park cemetery graveyard museum bank court courtroom
        """),
    "nature": words("""
        world sea seas ocean river rivers earth land desert fields field woods wood hills hill forests forest meadow
        meadows planet wilderness brook stream valley shore shores coast mountains mountain cliffs cliff pool region
        pond lakes lake hollow marsh marshes cove banks cave caves island islands beach prairie canyon swamp bay
        """),
    "region": words("town towns village villages city cities county country countries nation nations kingdom capital"),
    "vehicle": words("""
        car cars train trains ship ships carriage carriages boat boats waggon wagon coach vessel vessels buggy cart
        truck van taxi cab bus plane aeroplane airplane helicopter motorcycle bicycle ambulance ferry raft canoe
        """),
    "group": words("army regiment company crew police government committee council society club navy"),
}  # fmt: skip

KIND_OF: dict[str, EntityKind] = {noun: kind for kind, nouns in NOUNS.items() for noun in nouns}

TITLES = words("Mr Mrs Miss Ms Sir Lady Lord Dr Doctor Captain Colonel Major General Lieutenant Sergeant Professor"
               " Uncle Aunt Father Mother Brother Sister King Queen Prince Princess Madame Monsieur Master Judge Saint"
               " St Inspector Reverend Rev Count Countess Baron Duke Duchess President Mademoiselle Squire Cousin"
               " Madam")  # fmt: skip
BUILDING_ENDINGS = words("Street House Hall Castle Park Church Abbey Square Hotel Road Lane Avenue Court Lodge Place"
                         " Palace Inn Station Bridge School Terrace Hospital Farm Ranch Garden Gardens Tower"
                         " Theatre")  # fmt: skip
NATURE_ENDINGS = words("River Sea Mountain Mountains Island Islands Lake Bay Ocean Hill Hills Valley Creek Coast Forest"
                       " Desert Channel Gulf Cape")  # fmt: skip
GROUP_ENDINGS = words("Company Society Club Army Parliament Congress Bank Committee College University")
REGIONS = words("London England Paris France America York Boston Chicago Rome Italy Germany Spain Europe Ireland"
                " Scotland"
                " India China Russia Africa Asia Egypt Australia Canada Mexico California Virginia Dublin Edinburgh"
                " Vienna Berlin Venice Philadelphia Washington Orleans Japan Bath Oxford Manchester")  # fmt: skip
NOT_NAMES = words("""
    I I'm I'll I've I'd The A An And But Or If So As At In On Of To For From With By He She It We You They His Her Its
    My Your Our Their This That These Those There Here Then When While What Who Whom Which Why How Where Yes No Not Oh
    Ah Well Now Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May June July
    August September October November December Christmas Easter God Heaven Lord Christian Bible English French German
    Italian Spanish American Irish Scotch Latin Greek Roman Indian Dutch Russian Chinese Chapter CHAPTER Book Part One
    Two Three Some Any All Every Each Both Many Such Even Only Just Once After Before Since Until Though Although
    Perhaps Indeed Nothing Everything Something Let Come Go Good Dear Poor Old Is Was Are Were Do Did Does Had Has Have
    Be Been Will Would Shall Should May Can Could Must Very Never Ever Still Yet Again Also Too More Most Much
    """)

"""The options of each operation, as sets of the parameters in `gisheat.quantities`."""

from __future__ import annotations

from typing import TypedDict

from gisheat.desk_quantities import (
    Against,
    ConstantLoad,
    CostOf,
    CurveData,
    DesignOutdoorTemperature,
    EquipmentCatalogue,
    FloorExponent,
    FlowExponent,
    FlowSteps,
    GuaranteedShare,
    HeatingDays,
    HeatingFrom,
    HeatingStartTemperature,
    HeatingTo,
    HeatTransfer,
    IndoorTemperature,
    LeastMakeUp,
    LeastShareOneOut,
    LeastSupply,
    LoadIndoorTemperature,
    MapKind,
    MeanOutdoorTemperature,
    OutdoorScenarios,
    OutdoorTemperature,
    OutdoorTemperatures,
    PipeSchedule,
    PriceFactor,
    Prices,
    PrintedDensity,
    PrintedLaw,
    PrintedRoughness,
    PrintedTemperature,
    PrintedTolerance,
    PrintedViscosity,
    PumpsInReserve,
    RadiatorExponent,
    RegulationKind,
    ReplacementFactor,
    SecondaryRegulationKind,
    SecondaryReturnTemperature,
    SecondarySupplyTemperature,
    TableRows,
    WeatherFile,
    WeatherStep,
)
from gisheat.quantities import (
    AreaFactor,
    AreasLayer,
    BoilingMargin,
    BuildingFloors,
    BuildingsLayer,
    Catalogue,
    ClassFactors,
    ConnectBuildings,
    ConnectionCostFactor,
    ConnectTo,
    Crs,
    Density,
    DetailsFolder,
    DiagramData,
    DiagramNodes,
    DiagramPipes,
    DiagramStation,
    EmptyingMargin,
    Encoding,
    ExportLayer,
    FlowTable,
    Friction,
    Gravity,
    HeatCapacity,
    HeatedShare,
    HeatIndex,
    HeatIndexPosition,
    JoinPipes,
    LeastReturn,
    LoadFactors,
    LoadMixLayer,
    LocalLossFraction,
    MaxConnection,
    MaxFriction,
    MaxIterations,
    MaxVelocity,
    MergePseudoNodes,
    NodesLayer,
    NpshMargin,
    Outage,
    Outages,
    OutputLanguage,
    Overwrite,
    ParallelDistance,
    ParallelPairs,
    Phase,
    Picture,
    PipeCrossings,
    PipeId,
    PipesLayer,
    PipeToStreet,
    PressureClass,
    Products,
    PumpId,
    PumpsLayer,
    PumpSpeed,
    ReportOutput,
    RequiredHead,
    ReturnTemperature,
    RingLoad,
    RingPairs,
    Roughness,
    RouteCost,
    RouteFixedCost,
    RouteLoadCost,
    RouteLoadExponent,
    RouteSeconds,
    Routing,
    RuleSet,
    ScenarioTable,
    SecondaryClass,
    SizePhase,
    SnapTolerance,
    SourceId,
    SourcesLayer,
    StationControl,
    StationId,
    StationList,
    StationPumpEfficiency,
    StationsLayer,
    StreetArea,
    StreetClasses,
    StreetCrossings,
    StreetsLayer,
    SuctionMargin,
    SupplyTemperature,
    TerrainRaster,
    Threads,
    ToCrs,
    Tolerance,
    TrunkShare,
    UserPressure,
    ValveId,
    ValveReserve,
    ValvesLayer,
    Viscosity,
)


class ImportOptions(TypedDict, total=False):
    """How a file of another program becomes layers."""

    crs: Crs
    language: OutputLanguage
    overwrite: Overwrite


class ImportOsmOptions(TypedDict, total=False):
    """Which streets of an extract are taken, and where they end up."""

    to_crs: ToCrs
    area: StreetArea
    classes: StreetClasses
    language: OutputLanguage
    overwrite: Overwrite


class ExportOptions(TypedDict, total=False):
    """What of a result is handed on."""

    layer: ExportLayer
    language: OutputLanguage
    overwrite: Overwrite


class WaterOptions(TypedDict, total=False):
    """What a one-pipe network is computed with, in place of what its file states."""

    friction: Friction
    density_kg_m3: Density
    viscosity_pa_s: Viscosity
    gravity_m_s2: Gravity
    overwrite: Overwrite


class ReadOptions(TypedDict, total=False):
    """Which layers are read."""

    pipes: PipesLayer
    stations: StationsLayer
    sources: SourcesLayer
    nodes: NodesLayer
    streets: StreetsLayer
    buildings: BuildingsLayer
    areas: AreasLayer
    valves: ValvesLayer
    pumps: PumpsLayer
    load_mix: LoadMixLayer
    station_list: StationList
    terrain: TerrainRaster
    crs: Crs
    to_crs: ToCrs
    encoding: Encoding
    language: OutputLanguage
    overwrite: Overwrite


class TopologyOptions(ReadOptions, total=False):
    """How lines become a network."""

    snap_tolerance_m: SnapTolerance
    street_crossings: StreetCrossings
    pipe_crossings: PipeCrossings
    merge_pseudo_nodes: MergePseudoNodes
    parallel_pairs: ParallelPairs
    parallel_distance_m: ParallelDistance
    max_connection_m: MaxConnection
    connect_to: ConnectTo
    connect_buildings: ConnectBuildings
    heated_share: HeatedShare
    building_floors: BuildingFloors
    phase: Phase
    roughness_mm: Roughness
    local_loss_fraction: LocalLossFraction
    required_head_m: RequiredHead
    catalogue: Catalogue


class RouteOptions(TopologyOptions, total=False):
    """How trenches are chosen along the streets, by what loads."""

    route_cost: RouteCost
    route_fixed_cost: RouteFixedCost
    route_load_cost: RouteLoadCost
    route_load_exponent: RouteLoadExponent
    class_factors: ClassFactors
    connection_cost_factor: ConnectionCostFactor
    join_pipes: JoinPipes
    pipe_to_street_m: PipeToStreet
    ring_load_mw: RingLoad
    ring_pairs: RingPairs
    trunk_share: TrunkShare
    route_seconds: RouteSeconds
    area_factor: AreaFactor
    heat_index_w_m2: HeatIndex
    heat_index_position: HeatIndexPosition
    supply_temp_c: SupplyTemperature
    return_temp_c: ReturnTemperature
    heat_capacity_j_kg_k: HeatCapacity


class LoadOptions(RouteOptions, total=False):
    """How stations get their flow, by pipes that are there or routed."""

    routing: Routing


class CurveOptions(TypedDict, total=False):
    """How supply, return and flow follow the outdoor temperature."""

    indoor_temp_c: IndoorTemperature
    design_outdoor_temp_c: DesignOutdoorTemperature
    regulation: RegulationKind
    secondary_regulation: SecondaryRegulationKind
    flow_exponent: FlowExponent
    flow_steps: FlowSteps
    min_supply_temp_c: LeastSupply
    secondary_supply_temp_c: SecondarySupplyTemperature
    secondary_return_temp_c: SecondaryReturnTemperature
    radiator_exponent: RadiatorExponent
    floor_exponent: FloorExponent


class SolveOptions(LoadOptions, CurveOptions, total=False):
    """How pipes without a bore are sized and the network is solved."""

    friction: Friction
    density_kg_m3: Density
    viscosity_pa_s: Viscosity
    gravity_m_s2: Gravity
    tolerance: Tolerance
    max_iterations: MaxIterations
    rule_set: RuleSet
    max_velocity_m_s: MaxVelocity
    max_friction_pa_m: MaxFriction
    valve_reserve_m: ValveReserve
    size_phase: SizePhase
    station_control: StationControl
    station_pump_efficiency: StationPumpEfficiency
    pump_speed: PumpSpeed
    outage: Outage
    outdoor_temp_c: OutdoorTemperature
    boiling_margin_kpa: BoilingMargin
    least_return_kpa: LeastReturn
    emptying_margin_m: EmptyingMargin
    pressure_class_kpa: PressureClass
    secondary_class_kpa: SecondaryClass
    user_pressure_kpa: UserPressure
    suction_margin_kpa: SuctionMargin
    npsh_margin_m: NpshMargin


class ScenarioOptions(TypedDict, total=False):
    """What a scenario of the project file may change of the options."""

    phase: Phase
    area_factor: AreaFactor
    heat_index_w_m2: HeatIndex
    supply_temp_c: SupplyTemperature
    return_temp_c: ReturnTemperature
    friction: Friction
    station_control: StationControl
    station_pump_efficiency: StationPumpEfficiency
    pump_speed: PumpSpeed
    outage: Outage
    outdoor_temp_c: OutdoorTemperature
    regulation: RegulationKind


class RunOptions(SolveOptions, total=False):
    """Everything, a picture, and a report."""

    picture: Picture
    report: ReportOutput
    products: Products


class SweepOptions(SolveOptions, total=False):
    """Which scenarios are solved."""

    scenarios: ScenarioTable
    flows: FlowTable
    outages: Outages
    load_factors: LoadFactors
    outdoor_scenarios_c: OutdoorScenarios
    details: DetailsFolder
    threads: Threads


class ProfileOptions(SolveOptions, total=False):
    """Which way is drawn."""

    station: DiagramStation
    way_pipes: DiagramPipes
    way_nodes: DiagramNodes
    data: DiagramData


class TableOptions(SolveOptions, total=False):
    """Which rows a hydraulic table has."""

    rows: TableRows


class CheckTableOptions(TypedDict, total=False):
    """What a printed table was made with."""

    schedule: PipeSchedule
    friction: PrintedLaw
    water_temp_c: PrintedTemperature
    density_kg_m3: PrintedDensity
    viscosity_pa_s: PrintedViscosity
    roughness_mm: PrintedRoughness
    tolerance_percent: PrintedTolerance
    catalogue: Catalogue
    language: OutputLanguage


class RegulateOptions(LoadOptions, CurveOptions, total=False):
    """Which curve is drawn, and at which outdoor temperatures its table stands."""

    outdoor_temps_c: OutdoorTemperatures
    heating_start_temp_c: HeatingStartTemperature
    data: CurveData


class EquipOptions(LoadOptions, total=False):
    """Which equipment stations get, and how it is checked."""

    secondary_supply_temp_c: SecondarySupplyTemperature
    secondary_return_temp_c: SecondaryReturnTemperature
    equipment_catalogue: EquipmentCatalogue
    heat_transfer_w_m2_k: HeatTransfer
    pumps_in_reserve: PumpsInReserve
    share_one_out_percent: LeastShareOneOut
    make_up_percent: LeastMakeUp


class DurationOptions(LoadOptions, total=False):
    """The climate or weather of the load duration, and what its sources are measured by."""

    indoor_temp_c: IndoorTemperature
    load_indoor_temp_c: LoadIndoorTemperature
    design_outdoor_temp_c: DesignOutdoorTemperature
    mean_outdoor_temp_c: MeanOutdoorTemperature
    heating_start_temp_c: HeatingStartTemperature
    heating_days: HeatingDays
    heating_from: HeatingFrom
    heating_to: HeatingTo
    weather: WeatherFile
    weather_step_h: WeatherStep
    constant_load_mw: ConstantLoad
    guaranteed_share_percent: GuaranteedShare
    data: CurveData


class ExplainOptions(SolveOptions, total=False):
    """What is to be explained."""

    pipe: PipeId
    station: StationId
    source: SourceId
    valve: ValveId
    pump: PumpId


class DrawOptions(SolveOptions, total=False):
    """What is drawn."""

    map: MapKind


class CostOptions(SolveOptions, total=False):
    """By what prices, what is costed, and what it is compared with."""

    prices: Prices
    price_factor: PriceFactor
    cost_of: CostOf
    replacement_factor: ReplacementFactor
    against: Against


IN_PROJECT_FILES: tuple[type, ...] = (RunOptions, SweepOptions, ExplainOptions, ProfileOptions, TableOptions,
    RegulateOptions, DurationOptions, EquipOptions, DrawOptions, CostOptions)  # fmt: skip
"""Sets whose options a project file may state for all its operations."""

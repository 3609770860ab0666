"""The options of each operation, as sets of the parameters in `gisheat.quantities`."""

from __future__ import annotations

from typing import TypedDict

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
    DiagramStation,
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
    MatchTolerance,
    MaxConnection,
    MaxFriction,
    MaxIterations,
    MaxVelocity,
    MergePseudoNodes,
    NodesLayer,
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
    SizePhase,
    SnapTolerance,
    SourceId,
    SourcesLayer,
    StationControl,
    StationId,
    StationPumpEfficiency,
    StationsLayer,
    StreetCrossings,
    StreetsLayer,
    SupplyTemperature,
    TerrainRaster,
    Threads,
    Tolerance,
    TrunkShare,
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
    terrain: TerrainRaster
    crs: Crs
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


class SolveOptions(LoadOptions, total=False):
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


class RunOptions(SolveOptions, total=False):
    """Everything, and a picture."""

    picture: Picture
    products: Products


class SweepOptions(SolveOptions, total=False):
    """Which scenarios are solved."""

    scenarios: ScenarioTable
    flows: FlowTable
    outages: Outages
    load_factors: LoadFactors
    details: DetailsFolder
    threads: Threads


class ProfileOptions(SolveOptions, total=False):
    """Which way is drawn, and the limits that are drawn with it."""

    station: DiagramStation
    data: DiagramData
    boiling_margin_kpa: BoilingMargin
    least_return_kpa: LeastReturn
    pressure_class_kpa: PressureClass


class ExplainOptions(SolveOptions, total=False):
    """What is to be explained."""

    pipe: PipeId
    station: StationId
    source: SourceId
    valve: ValveId
    pump: PumpId


class CompareOptions(TypedDict, total=False):
    """How two states are compared."""

    match_tolerance_m: MatchTolerance
    crs: Crs
    language: OutputLanguage
    overwrite: Overwrite


IN_PROJECT_FILES: tuple[type, ...] = (RunOptions, SweepOptions, ExplainOptions, ProfileOptions)
"""Sets whose options a project file may state for all its operations."""

using TrainingCluster.Fuzzing.Tests.Engine;
using TrainingCluster.Fuzzing.Tests.Targets;

namespace TrainingCluster.Fuzzing.Tests;

/// <summary>All readers of bytes from outside.</summary>
internal static class FuzzTargets
{
    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        .. CollectiveTargets.All,
        .. MailboxTargets.All,
        .. ControlTargets.All,
        .. JobTargets.All,
        .. ApiTargets.All,
        .. SettingTargets.All,
        .. ModelTargets.All,
        .. DatasetTargets.All,
        .. StateTargets.All,
        .. CheckpointTargets.All,
        .. StoreTargets.All,
        .. TextTargets.All,
    ];
}

using TrainingCluster.Coordinator.Hosting;
using TrainingCluster.Settings;

namespace TrainingCluster.Coordinator.Tests.Hosting;

public class CoordinatorSettingsTests
{
    [Fact]
    public void Settings_OfTheCoordinator_AreDocumented() =>
        GeneratedDocument.VerifySection("Coordinator", SettingsTable.Of(CoordinatorSections.All), "docs", "configuration.md");

    [Fact]
    public void Settings_OfTheCoordinator_HaveDefaultsInRange() =>
        Assert.All(
            CoordinatorSections.All.SelectMany(section => section.Settings).OfType<DurationSetting>(),
            setting => Assert.InRange(setting.Default, setting.Least, setting.Greatest)
        );
}

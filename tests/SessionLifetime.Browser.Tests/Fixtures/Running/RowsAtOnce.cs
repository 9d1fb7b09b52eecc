using System.Reflection;
using SessionLifetime.Browser.Tests.Fixtures.Running;
using Xunit.Sdk;
using Xunit.v3;

[assembly: TestFramework(typeof(RowsAtOnce))]
[assembly: CollectionBehavior(MaxParallelThreads = -1)]

namespace SessionLifetime.Browser.Tests.Fixtures.Running;

/// <summary>
/// xUnit.net, which runs the tests of a class, and the rows of a test, one after another: here they are run at once, as many as there are
/// <see cref="Slots"/>. Of a collection beside which no other is run, the tests follow each other, and only the rows of a test are run at once.
/// </summary>
public sealed class RowsAtOnce : XunitTestFramework
{
    protected override ITestFrameworkExecutor CreateExecutor(Assembly assembly) => new Executor(new XunitTestAssembly(assembly, version: assembly.GetName().Version));

    private sealed class Executor(IXunitTestAssembly assembly) : XunitTestFrameworkExecutor(assembly)
    {
        public override async ValueTask RunTestCases(
            IReadOnlyCollection<IXunitTestCase> testCases, IMessageSink executionMessageSink, ITestFrameworkExecutionOptions executionOptions, CancellationToken cancellationToken) =>
            await new AssemblyRunner().Run(TestAssembly, testCases, executionMessageSink, executionOptions, cancellationToken);
    }

    private sealed class AssemblyRunner : XunitTestAssemblyRunner
    {
        protected override ValueTask<RunSummary> RunTestCollection(
            XunitTestAssemblyRunnerContext ctxt, IXunitTestCollection testCollection, IReadOnlyCollection<IXunitTestCase> testCases) =>
            new CollectionRunner().Run(
                testCollection,
                testCases,
                ctxt.ExplicitOption,
                ctxt.MessageBus,
                ctxt.AssemblyTestCaseOrderer ?? DefaultTestCaseOrderer.Instance,
                ctxt.Aggregator.Clone(),
                ctxt.CancellationTokenSource,
                ctxt.AssemblyFixtureMappings);
    }

    private sealed class CollectionRunner : XunitTestCollectionRunner
    {
        protected override ValueTask<RunSummary> RunTestClass(XunitTestCollectionRunnerContext ctxt, IXunitTestClass? testClass, IReadOnlyCollection<IXunitTestCase> testCases) =>
            testClass is null
                ? base.RunTestClass(ctxt, testClass, testCases)
                : new ClassRunner().Run(
                    testClass,
                    testCases,
                    ctxt.ExplicitOption,
                    ctxt.MessageBus,
                    ctxt.TestCaseOrderer,
                    ctxt.Aggregator.Clone(),
                    ctxt.CancellationTokenSource,
                    ctxt.CollectionFixtureMappings);
    }

    private sealed class ClassRunner : XunitTestClassRunner
    {
        protected override async ValueTask<RunSummary> RunTestMethods(XunitTestClassRunnerContext ctxt, Exception? exception)
        {
            if (exception is not null || ctxt.TestClass.TestCollection.DisableParallelization)
            {
                return await base.RunTestMethods(ctxt, exception);
            }

            var arguments = await CreateTestClassConstructorArguments(ctxt);
            return await AllAsync(ctxt.TestCases
                .GroupBy(static testCase => testCase.TestMethod.UniqueID, StringComparer.Ordinal)
                .Select(method => RunTestMethod(ctxt, method.First().TestMethod, [.. method], arguments).AsTask()));
        }

        protected override ValueTask<RunSummary> RunTestMethod(
            XunitTestClassRunnerContext ctxt, IXunitTestMethod? testMethod, IReadOnlyCollection<IXunitTestCase> testCases, object?[] constructorArguments) =>
            testMethod is null
                ? base.RunTestMethod(ctxt, testMethod, testCases, constructorArguments)
                : new MethodRunner().Run(
                    testMethod, testCases, ctxt.ExplicitOption, ctxt.MessageBus, ctxt.Aggregator.Clone(), ctxt.CancellationTokenSource, constructorArguments);
    }

    private sealed class MethodRunner : XunitTestMethodRunner
    {
        protected override async ValueTask<RunSummary> RunTestCases(XunitTestMethodRunnerContext ctxt, Exception? exception) =>
            exception is not null ? await base.RunTestCases(ctxt, exception) : await AllAsync(ctxt.TestCases.Select(testCase => RunInSlotAsync(ctxt, testCase)));

        private async Task<RunSummary> RunInSlotAsync(XunitTestMethodRunnerContext ctxt, IXunitTestCase testCase)
        {
            using var slot = await Slots.TakeAsync(ctxt.TestMethod.TestClass.TestCollection.DisableParallelization);

            // On a thread of its own: what a test does before it waits for anything keeps no other from beginning.
            return ctxt.CancellationTokenSource.IsCancellationRequested ? default : await Task.Run(() => RunTestCase(ctxt, testCase).AsTask());
        }
    }

    private static async ValueTask<RunSummary> AllAsync(IEnumerable<Task<RunSummary>> running)
    {
        var sum = default(RunSummary);
        foreach (var summary in await Task.WhenAll(running))
        {
            sum.Aggregate(summary);
        }

        return sum;
    }
}
